"""The report of a study read back from its DICOM object, for people."""

import io
from typing import TYPE_CHECKING

from triage_node.storage import Spool
from triage_node.worklist import Study

if TYPE_CHECKING:
    from triage_node.report import Summary


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


def _summary(report: bytes) -> "Summary":
    from pydicom import dcmread

    from triage_node.report import summarize

    return summarize(dcmread(io.BytesIO(report)))
