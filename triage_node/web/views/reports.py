"""The report of a study read back from its DICOM object, for people."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from triage_node.errors import ReportNotFound
from triage_node.storage import ResultObject, Spool, find_report
from triage_node.worklist import Study

if TYPE_CHECKING:
    from triage_node.report import Form, Summary


def latest_report(study: Study, spool: Spool) -> "Summary | None":
    """Return what the latest report says; None where there is none on the disk.

    Parameters
    ----------
    study
        As `StudyDetails.study` returns it.
    spool
        Where its results lie.
    """
    for outcome in reversed(study.outcomes):
        if not outcome.folder:
            continue
        report = spool.result(study.study_instance_uid, outcome.folder).report()
        if report is not None:
            return _summary(report)
    return None


@dataclass(frozen=True)
class LinkedObject:
    """An object that goes with the report: what it is, where it can be seen, and whether it is a picture."""

    description: str
    address: str
    is_picture: bool


def linked_objects(study: Study, spool: Spool) -> list[LinkedObject]:
    """Return what goes with the latest report; of what nobody wanted, nothing was made."""
    folder = next((outcome.folder for outcome in reversed(study.outcomes) if outcome.folder), None)
    if folder is None:
        return []
    objects = spool.result(study.study_instance_uid, folder).objects()
    return [_linked(study, one) for one in objects if one.modality != "SR"]


def _linked(study: Study, one: ResultObject) -> LinkedObject:
    uids = (study.study_instance_uid, one.series_instance_uid, one.sop_instance_uid)
    study_uid, series_uid, instance_uid = (quote(uid, safe="") for uid in uids)
    address = f"/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/rendered"
    return LinkedObject(one.series_description, address, one.rows is not None)


def report_in_form(study: Study, spool: Spool, form: "Form", revision: int | None = None) -> bytes:
    """Return the latest report of a study, or that of a revision, in a form.

    Raises
    ------
    ReportNotFound
        There is none, or it was deleted.
    InvalidInstance, StorageError
        It cannot be read.
    """
    from triage_node.report import Form, written

    if study.report_deletion:
        raise ReportNotFound(study.report_deletion)
    results = [(one.revision, one.folder) for one in reversed(study.outcomes)]
    found = find_report(spool, study.study_instance_uid, results, revision)
    if form is Form.DICOM:
        return found.content
    return written(form, found.report, found.names, found.revision)


def _summary(report: bytes) -> "Summary":
    from pydicom import dcmread

    from triage_node.report import summarize

    return summarize(dcmread(io.BytesIO(report)))
