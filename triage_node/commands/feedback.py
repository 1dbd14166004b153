"""`triage-node feedback`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, Json, moment, plain, settings_from, wide_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage_node.config import Settings
    from triage_node.deidentification import Pseudonyms
    from triage_node.worklist import Feedback, JudgedStudy

IDENTITY = ("patient", "folder")
ABOUT = ("decision", "agrees", "model", "model_version")
DAY = ["%Y-%m-%d"]
UNEVEN = 0.1
"""A larger difference between the shares of studies that were judged, by the node's answer, is said."""


def feedback(
    context: typer.Context,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the labels that `triage-node-train calibrate --site` and `adapt` read.")
    ] = False,
    as_json: Json = False,
    since: Annotated[
        datetime | None, typer.Option(metavar="DATE", formats=DAY, help="Only what was said from this day on.")
    ] = None,
    deidentified: Annotated[
        bool, typer.Option("--deidentified", help="Name patients and folders as `export --deidentify` does.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to this file, not to the screen.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show what readers said of the node's answers: one word a study, the last one.

    Only studies that somebody judged are listed; that nobody said anything is no word on what a study shows. A type
    that was not told is empty.
    """
    if as_csv and as_json:
        raise typer.BadParameter("take either --csv or --json")
    settings = settings_from(context, data_dir=data_dir)
    found = _read(settings, since)
    pseudonyms = _pseudonyms(settings) if deidentified else None
    if as_json:
        _give(_json(found, pseudonyms), out, settings)
    elif as_csv or out is not None:
        _give(_csv(found.studies, pseudonyms), out, settings)
    else:
        _print_table(found.studies, pseudonyms)
    for sentence in _remarks(found):
        typer.echo(sentence, err=True)


def _read(settings: "Settings", since: datetime | None) -> "Feedback":
    from triage_node.commands.audited import audit
    from triage_node.commands.worklist import open_worklist

    worklist = open_worklist(settings)
    try:
        audit(worklist, "feedback_read")
        return worklist.judged_studies.feedback(since.date() if since else None)
    finally:
        worklist.close()


def _pseudonyms(settings: "Settings") -> "Pseudonyms":
    from triage_node.deidentification import Pseudonyms, stored_key

    return Pseudonyms(stored_key(settings.data_dir))


def _named(study: "JudgedStudy", pseudonyms: "Pseudonyms | None") -> tuple[str, str]:
    """Return what patient and folder are called."""
    from triage_node.commands.exported_folder import folder_name

    patient = study.patient if pseudonyms is None else pseudonyms.patient(study.patient)
    return patient, folder_name(study.study_instance_uid, pseudonyms)


def _csv(studies: "Sequence[JudgedStudy]", pseudonyms: "Pseudonyms | None") -> str:
    import csv
    import io

    from triage_node.findings import LABELS

    stream = io.StringIO(newline="")
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow([*IDENTITY, *LABELS, *ABOUT])
    for study in studies:
        labels = ["" if study.labels[label] is None else int(bool(study.labels[label])) for label in LABELS]
        model = [study.model.get("name", ""), study.model.get("version", "")]
        rows.writerow([*_named(study, pseudonyms), *labels, study.decision, int(study.agrees), *model])
    return stream.getvalue()


def _json(found: "Feedback", pseudonyms: "Pseudonyms | None") -> str:
    import json

    rows = []
    for study in found.studies:
        row = {
            **dict(zip(IDENTITY, _named(study, pseudonyms), strict=True)),
            "labels": dict(study.labels),
            "decision": study.decision,
            "agrees": study.agrees,
            "model": dict(study.model),
        }
        about = {"judged_at": study.judged_at, "judged_by": study.judged_by, "study_date": study.study_date}
        rows.append(row if pseudonyms else row | about)
    return json.dumps(rows, indent=1) + "\n"


def _give(text: str, out: Path | None, settings: "Settings") -> None:
    from triage_node.commands.exported_folder import check_outside, write_private

    if out is None:
        typer.echo(text, nl=False)
        return
    check_outside(out, settings.data_dir)
    write_private(out, text.encode())


def _print_table(studies: "Sequence[JudgedStudy]", pseudonyms: "Pseudonyms | None") -> None:
    from rich.table import Column, Table

    uid = Column("Study Instance UID", no_wrap=True)
    table = Table("Patient", "Answer", "Reader", "Hemorrhage", "Types", "Said at", "By", uid)
    for study in studies:
        patient, folder = _named(study, pseudonyms)
        *types, any_label = study.labels.items()
        seen = [label if told else f"{label}?" for label, told in types if told is not False]
        if all(told is None for _, told in types):
            seen = ["not told"]
        table.add_row(
            plain(patient),
            study.decision.replace("_", " "),
            "agrees" if study.agrees else "disagrees",
            "yes" if any_label[1] else "no",
            ", ".join(seen),
            "" if pseudonyms else moment(study.judged_at),
            "" if pseudonyms else plain(study.judged_by),
            plain(folder),
        )
    wide_console().print(table if studies else "No reader has judged a study yet.")


def _remarks(found: "Feedback") -> "list[str]":
    """Return what the rows do not say: what is not among them, and of which studies they are a sample."""
    judged = {name: (found.judged.get(name, 0), count) for name, count in found.analyzed.items()}
    numbers = [f"{number} of {count} {name.replace('_', ' ')}" for name, (number, count) in judged.items()]
    shares = [number / count for number, count in judged.values()]
    said = [f"{len(found.studies)} studies. Judged at any time: {', '.join(numbers) or 'none'}."]
    if found.repeated:
        said.append(f"{found.repeated} were judged more than once: the last word counts.")
    if found.outdated:
        said.append(f"{found.outdated} got further images after the last word on them and are left out.")
    untold = sum(None in study.labels.values() for study in found.studies)
    if untold:
        said.append(f"Of {untold} with a hemorrhage not every type was told; those are empty and count neither way.")
    if max(shares, default=0.0) - min(shares, default=0.0) > UNEVEN:
        said.append(
            "How often a study was judged depends on the answer: thresholds set on them hold for the judged ones, "
            "not for all. Judge a sample as it comes (docs/site.md)."
        )
    return said
