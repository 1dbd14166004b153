"""`triage-node show` and `triage-node requeue`."""

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, Json, StudyReference, plain, settings_from, wide_console
from triage_node.commands.worklist import open_worklist, uid_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage_node.findings import Label
    from triage_node.storage import Spool
    from triage_node.worklist import Study


def show(context: typer.Context, study: StudyReference, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Show one study: its series, what was found, where its reports are, and what happened when."""
    import json

    from triage_node.json_object import to_json
    from triage_node.storage import Spool

    settings = settings_from(context, data_dir=data_dir)
    worklist = open_worklist(settings)
    found = worklist.study_details.study(uid_of(worklist, study))
    if as_json:
        typer.echo(json.dumps(to_json(found), indent=1))
    else:
        _print_study(found, _best_slices(found, Spool.of(settings)))


def requeue(
    context: typer.Context,
    study: StudyReference,
    resend: Annotated[
        bool, typer.Option("--resend", help="Do not analyze again; send the dead and held reports again.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Put a study back in the queue, whatever came of it before."""
    worklist = open_worklist(settings_from(context, data_dir=data_dir))
    actor = f"person {getpass.getuser()}"
    study_uid = uid_of(worklist, study)
    if resend:
        count = worklist.resending.resend(study_uid, actor)
        typer.echo(f"{count} reports of {study_uid} will be sent again.")
    else:
        worklist.reader_actions.requeue(study_uid, actor)
        typer.echo(f"{study_uid} is in the queue again.")


def _best_slices(study: "Study", spool: "Spool") -> "Mapping[Label, object]":
    """Return the slice to look at first of each label, or why it cannot be told."""
    from triage_node.errors import TriageError
    from triage_node.findings import LABELS
    from triage_node.storage import stored_slice_scores

    latest = study.latest_outcome
    try:
        return stored_slice_scores(spool, study.study_instance_uid, latest.folder if latest else None).best()
    except TriageError as error:
        return dict.fromkeys(LABELS, f"slice unknown: {error}")


def _print_study(study: "Study", best_slices: "Mapping[Label, object]") -> None:
    from rich.table import Table

    from triage_node.findings import Label

    console = wide_console()
    console.print(f"Study {plain(study.study_instance_uid)}: [bold]{study.state}[/]", highlight=False)
    for sentence in study.deletions:
        console.print(f"  [bold]{sentence}[/]", highlight=False)
    for key in ("patient_name", "patient_id", "accession_number", "study_description", "calling_ae_title", "decision"):
        console.print(f"  {key.replace('_', ' ')}: {plain(str(getattr(study, key) or ''))}", highlight=False)
    flagged, uncertain = study.flagged or (), study.uncertain or ()
    for label, probability in (study.probabilities or {}).items():
        mark = "flagged" if label in flagged else "uncertain" if label in uncertain else "not flagged"
        mark += ", would be flagged if the images were like the training images" * (label in study.withheld)
        mark += f", {best}" if (best := best_slices.get(Label(label))) else ""
        console.print(f"  {label}: {probability:.3f} {mark}", highlight=False)
    if (distance := study.image_distance) is not None:
        shown = f"{distance['value']:.2f}, familiar up to {distance['limit']:.2f}"
        console.print(f"  distance to the training data: {shown}", highlight=False)
    words = {caution.code: f" ({caution.words})" for caution in study.cautions}
    for reason in study.reasons or []:
        shown = f"{reason.code}{words.get(reason.code, '')}: {reason.message}"
        console.print(f"  {plain(shown)}", highlight=False)
    for title, columns in {
        "series": ("series_number", "series_description", "modality", "instance_count", "eligible"),
        "deliveries": ("destination", "state", "commitment", "waits_for", "attempts", "last_error"),
        "events": ("at", "actor", "code", "from_state", "to_state", "message"),
    }.items():
        table = Table(*(column.replace("_", " ") for column in columns), title=title)
        for row in getattr(study, title):
            table.add_row(*(plain(_shown(column, getattr(row, column))) for column in columns))
        console.print(table)


def _shown(column: str, value: object) -> str:
    if column == "at" and isinstance(value, float):
        return datetime.fromtimestamp(value).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else str(value)
