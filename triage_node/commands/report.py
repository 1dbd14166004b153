"""`triage-node report`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.commands.options import DataDir, settings_from
from triage_node.commands.worklist import open_worklist, uid_of

if TYPE_CHECKING:
    from triage_node.report import Form


def report(
    context: typer.Context,
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study as `show` takes it, or a report's file.")],
    form: Annotated[
        str, typer.Option("--format", help="text, html, pdf, json, fhir (R4) or dicom (the Structured Report).")
    ] = "text",
    out: Annotated[Path | None, typer.Option(help="Write to this file, readable by you only.")] = None,
    revision: Annotated[
        int | None, typer.Option(min=1, help="The report of this revision; default the latest one.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print the report of a study, or a report's file, in a form for people or programs."""
    from triage_node.report import Form

    if form not in list(Form):
        raise typer.BadParameter(f"it is one of {', '.join(Form)}", param_hint="--format")
    if os.path.isfile(study):  # noqa: PTH113 - to pathlib a text too long for a name is an error
        _put(_of_file(Path(study), Form(form), revision), Form(form), out)
    else:
        _put(_of_study(context, study, Form(form), revision, data_dir), Form(form), out)


def _of_file(path: Path, form: "Form", revision: int | None) -> bytes:
    from triage_node.errors import InvalidInstance, TriageError
    from triage_node.imaging import read_intact
    from triage_node.report import Form, written

    try:
        content = path.read_bytes()
        ds = read_intact(content)
        return content if form is Form.DICOM else written(form, ds, revision=revision)
    except OSError as error:
        raise TriageError(f"{path} cannot be read: {error.strerror or error}.") from error
    except InvalidInstance as error:
        raise InvalidInstance(f"{path}: {error}") from error


def _of_study(context: typer.Context, uid: str, form: "Form", revision: int | None, data_dir: Path | None) -> bytes:
    from triage_node.errors import ReportNotFound
    from triage_node.report import Form, written
    from triage_node.storage import Spool, find_report

    settings = settings_from(context, data_dir=data_dir)
    worklist = open_worklist(settings)
    study = worklist.study_details.study(uid_of(worklist, uid))
    if study.report_deletion:
        raise ReportNotFound(study.report_deletion)
    results = [(one.revision, one.folder) for one in reversed(study.outcomes)]
    found = find_report(Spool.of(settings), study.study_instance_uid, results, revision)
    if form is Form.DICOM:
        return found.content
    return written(form, found.report, found.names, found.revision)


def _put(content: bytes, form: "Form", out: Path | None) -> None:
    from triage_node.complete_file import complete_file
    from triage_node.private_files import make_private_file
    from triage_node.report import FILE_KINDS

    if out is not None:
        with complete_file(out) as partial:
            make_private_file(partial)
            partial.write_bytes(content)
        return
    if FILE_KINDS[form].is_binary and sys.stdout.isatty():
        raise typer.BadParameter(
            f"{form.upper()} is nothing for a terminal: name a file by --out, or redirect the output to one.",
            param_hint="--format",
        )
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
