"""The report of a study on the disk, and what its images are called there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from triage_node.errors import InvalidInstance, ReportNotFound
from triage_node.storage.regular_file import open_regular_file
from triage_node.storage.spool import Spool

if TYPE_CHECKING:
    from triage_node.report import SourceNames

KEYWORDS = (
    "SpecificCharacterSet", "SOPInstanceUID", "InstanceNumber", "SeriesInstanceUID",
    "SeriesNumber", "SeriesDescription",
)  # fmt: skip


@dataclass(frozen=True)
class FoundReport:
    """A report as it is stored: the file, the data set in it, its revision, and what its images are called."""

    content: bytes
    report: Dataset
    revision: int
    names: "SourceNames"


def find_report(
    spool: Spool, study_instance_uid: str, results: Iterable[tuple[int, str | None]], revision: int | None = None
) -> FoundReport:
    """Return the latest report of a study.

    Parameters
    ----------
    results
        Revision and folder of each result, the latest first; the folder is None where no report was made.
    revision
        Only the report of that revision.

    Raises
    ------
    ReportNotFound
        There is none.
    InvalidInstance, StorageError
        It cannot be read.
    """
    from triage_node.imaging import read_intact

    for of, folder in results:
        if folder and revision in (None, of):
            content = spool.result(study_instance_uid, folder).report()
            if content is not None:
                report = read_intact(content)
                return FoundReport(content, report, of, source_names(spool, study_instance_uid, report))
    raise ReportNotFound if revision is None else ReportNotFound(f"There is no report of revision {revision}.")


def source_names(spool: Spool, study_instance_uid: str, report: Dataset) -> "SourceNames":
    """Return what the images that a report shows are called, as far as they are still on the disk."""
    from triage_node.report import SourceNames, shown_instances

    return SourceNames.of(_headers(spool, study_instance_uid, shown_instances(report)))


def _headers(spool: Spool, study_instance_uid: str, sop_instance_uids: Iterable[str]) -> Iterator[Dataset]:
    from triage_node.imaging import parse_header

    tags = {number: Tag(number) for keyword in KEYWORDS if (number := tag_for_keyword(keyword)) is not None}
    for path in spool.stored_files([(study_instance_uid, uid, "") for uid in sop_instance_uids]):
        try:
            with open_regular_file(path) as file:
                yield parse_header(file, tags)
        except InvalidInstance:
            continue  # it is named by its UID then
