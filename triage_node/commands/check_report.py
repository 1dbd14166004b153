"""`triage-node check-report`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import Json, plain, printable, wide_console

if TYPE_CHECKING:
    from triage_node.json_object import JsonObject
    from triage_node.report_check import Checked

COLORS = {"error": "red", "warning": "yellow"}


def check_report(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="DICOM files, of any origin.")
    ],
    as_json: Json = False,
) -> None:
    """Check Structured Reports against tables of the Standard: TID 1500 and what it includes, and the SOP class.

    A complaint is an error where the report is against a *shall*, else a warning. Exit code 1 when there is an error.
    """
    import json

    from triage_node.report_check import check_file

    checked = [check_file(path) for path in paths]
    if as_json:
        typer.echo(json.dumps([as_row(one) for one in checked], indent=1))
    else:
        for one in checked:
            _print(one)
    if any(one.errors for one in checked):
        raise typer.Exit(1)


def as_row(checked: "Checked") -> "JsonObject":
    """Return the JSON object of one file."""
    from triage_node.json_object import to_json

    return to_json(checked) | {"errors": checked.errors, "warnings": checked.warnings}


def _print(checked: "Checked") -> None:
    kind = ", ".join(filter(None, (checked.sop_class, f"TID {checked.template}" * bool(checked.template))))
    typer.echo(f"{printable(checked.path)}: {_counted(checked)}{f' ({printable(kind)})' if kind else ''}")
    if checked.complaints:
        _print_table(checked)


def _counted(checked: "Checked") -> str:
    if not checked.complaints:
        return "no complaints"
    return " and ".join(_number(count, word) for count, word in _counts(checked) if count)


def _counts(checked: "Checked") -> Sequence[tuple[int, str]]:
    return (checked.errors, "error"), (checked.warnings, "warning")


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _print_table(checked: "Checked") -> None:
    from rich.table import Table

    table = Table("", "Where", "What", "Clause")
    for complaint in checked.complaints:
        severity = f"[{COLORS[complaint.severity]}]{complaint.severity}[/]"
        table.add_row(severity, *map(plain, (complaint.path, complaint.message, complaint.clause)))
    wide_console().print(table)
