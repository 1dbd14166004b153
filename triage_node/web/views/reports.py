"""The report of a study read back from its DICOM object, for people."""

from pathlib import Path
from typing import TYPE_CHECKING

from triage_node.storage import Spool
from triage_node.worklist import FIRST_REPORT, Study

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
        path = spool.result(study.study_instance_uid, outcome.folder) / FIRST_REPORT
        if path.is_file():
            return _summary(path)
    return None


def _summary(path: Path) -> "Summary":
    from pydicom import dcmread

    from triage_node.report import summarize

    return summarize(dcmread(path))
