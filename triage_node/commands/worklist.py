"""`triage-node worklist`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, Json, plain, settings_from, wide_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage_node.config import Settings
    from triage_node.worklist import StudySummary, Worklist

HOURS = 24.0


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
    hours: Annotated[float, typer.Option(help="Show studies received in the last hours.")] = HOURS,
    everything: Annotated[bool, typer.Option("--all", help="Also those that a reader has acknowledged.")] = False,
    uids: Annotated[bool, typer.Option("--uids", help="Show Study Instance UIDs, too, on wider lines.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show the worklist in reading order: flagged first, then what waits too long, then uncertain, then the rest.

    A study unlike the training images is never flagged; with a score that would flag it, it stands with the flagged
    ones. A study that is not flagged is read as always. What a reader has acknowledged is left out, but for --json,
    which prints all.
    """
    import json

    from triage_node.json_object import to_json

    found = open_worklist(settings_from(context, data_dir=data_dir))
    if as_json:
        rows = found.study_details.worklist(since_hours=hours)
        typer.echo(json.dumps([to_json(row) for row in rows], indent=1))
    else:
        _print_table(listed(found, hours, everything=everything), uids)


def listed(found: "Worklist", hours: float = HOURS, *, everything: bool = False) -> "list[StudySummary]":
    """Return the studies in the order in which the list numbers them from 1."""
    rows = found.study_details.worklist(since_hours=hours)
    return [row for row in rows if everything or row.acknowledged_at is None]


def uid_of(found: "Worklist", reference: str) -> str:
    """Return the Study Instance UID of the study that a person means.

    Raises
    ------
    StudyNotFound, InvalidInput
        None is meant, or several.
    """
    from triage_node.errors import StudyNotFound

    try:
        return found.study_details.uid_of(reference)
    except StudyNotFound:
        rows = listed(found) if reference.isdecimal() and len(reference) < 5 else []
        if rows and 1 <= int(reference) <= len(rows):
            return rows[int(reference) - 1].study_instance_uid
        raise


def _print_table(rows: "Sequence[StudySummary]", with_uids: bool) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    columns = [
        Column("", justify="right", no_wrap=True), Column("Patient", max_width=20, no_wrap=True, overflow="ellipsis"),
        Column("Accession", no_wrap=True, overflow="ellipsis"), Column("Answer", ratio=1),
        Column("Waiting", justify="right", no_wrap=True),
    ]  # fmt: skip
    if with_uids:
        columns.append(Column("Study Instance UID", no_wrap=True))
    table = Table(*columns)
    for number, row in enumerate(rows, start=1):
        cells = [
            str(number),
            plain(row.patient_name or row.patient_id),
            plain(row.accession_number),
            _answer(row),
            _waiting(row.waiting_seconds),
        ]
        table.add_row(*cells, *([plain(row.study_instance_uid)] if with_uids else []))
    console = wide_console() if with_uids else Console()
    console.print(table if rows else "The worklist is empty.")
    for number, row in enumerate(rows, start=1):
        for sentence in row.deletions:
            console.print(f"{number}: {sentence}", highlight=False)
    if rows and not with_uids:
        console.print("`triage-node show NUMBER` shows one of them.", highlight=False)


def _answer(row: "StudySummary") -> str:
    """Return what was found, in short forms, or why nothing was said, or how far the study is."""
    from triage_node.findings import SHORT_FORMS, Label

    reasons = ", ".join(reason.code for reason in row.reasons or ())
    answer = (row.decision or "").replace("_", " ") or reasons or row.state
    types = " ".join(SHORT_FORMS[Label(one)] for one in row.flagged or () if one in SHORT_FORMS)
    shown = f"[bold red]{answer}[/] {types}".rstrip() if row.decision == "flagged" else plain(answer)
    return shown + _caution(row)


def _waiting(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def _caution(row: "StudySummary") -> str:
    """Return why the answer is less certain than its score."""
    words = [caution.words for caution in row.cautions[:1]] + ["score as if flagged"] * bool(row.withheld)
    return plain(f" ({', '.join(words)})") if words else ""
