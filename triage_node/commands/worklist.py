"""`triage-node worklist`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, Json, plain, settings_from, wide_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage_node.config import Settings
    from triage_node.worklist import StudySummary, Worklist


def open_worklist(settings: "Settings", may_make: bool = False, can_make: bool = False) -> "Worklist":
    """Open the worklist of a node that runs or ran; a folder without one is an error, unless it may be made."""
    from triage_node.errors import SettingsError
    from triage_node.worklist import Worklist

    if not may_make and not has_worklist(settings):
        more = "; `--create` makes a new one" if can_make else ""
        where = "" if settings.data_dir.is_absolute() else f" ({settings.data_dir.resolve()})"
        raise SettingsError(
            f"There is no worklist in {settings.data_dir}{where}: no node has run with that data folder. Run the "
            "command where the node runs, or name its folder by --data-dir, its settings by --config, or set "
            f"TRIAGE_DATA_DIR{more}."
        )
    worklist = Worklist(settings)
    worklist.prepare()
    return worklist


def has_worklist(settings: "Settings") -> bool:
    """Tell whether a node has made its worklist; of a database on a server only that shows."""
    url = settings.effective_database_url
    path = url.removeprefix("sqlite:///").partition("?")[0]
    return path == url or path in ("", ":memory:") or Path(path).is_file()


def worklist(
    context: typer.Context,
    as_json: Json = False,
    hours: Annotated[float, typer.Option(help="Show studies received in the last hours.")] = 24.0,
    data_dir: DataDir = None,
) -> None:
    """Show the worklist in reading order: flagged first, then what waits too long, then uncertain, then the rest.

    A study unlike the training images is never flagged; with a score that would flag it, it stands with the flagged
    ones. A study that is not flagged is read as always.
    """
    import json

    from triage_node.json_object import to_json

    rows = open_worklist(settings_from(context, data_dir=data_dir)).study_details.worklist(since_hours=hours)
    if as_json:
        typer.echo(json.dumps([to_json(row) for row in rows], indent=1))
    else:
        _print_table(rows)


def _print_table(rows: "Sequence[StudySummary]") -> None:
    from rich.table import Column, Table

    uid = Column("Study Instance UID", no_wrap=True)
    table = Table("", "Patient", "Accession", "State", "Answer", "Any", "Waiting", uid)
    for number, row in enumerate(rows, start=1):
        answer = (row.decision or "").replace("_", " ")
        if not answer and row.reasons:
            answer = ", ".join(reason.code for reason in row.reasons)
        table.add_row(
            str(number),
            plain(row.patient_name or row.patient_id),
            plain(row.accession_number),
            row.state,
            (f"[bold red]{answer}[/]" if row.decision == "flagged" else answer) + _caution(row),
            f"{row.probabilities['any']:.2f}" if row.probabilities else "",
            f"{row.waiting_seconds / 60:.0f} min",
            plain(row.study_instance_uid),
        )
    wide_console().print(table if rows else "The worklist is empty.")
    for row in rows:
        for sentence in row.deletions:
            wide_console().print(f"{plain(row.study_instance_uid)}: {sentence}", highlight=False)


def _caution(row: "StudySummary") -> str:
    """Return why the answer is less certain than its score."""
    words = [caution.words for caution in row.cautions[:1]] + ["score as if flagged"] * bool(row.withheld)
    return plain(f" ({', '.join(words)})") if words else ""
