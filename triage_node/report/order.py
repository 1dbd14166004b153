"""What was ordered, as far as the images name it: requests, procedures, and who issued the numbers.

Values are carried over like those of the header: intact or not at all.
"""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from triage_node.report import header
from triage_node.report.code_item import carried_codes
from triage_node.report.content_items import sequence
from triage_node.report.uids import set_uid

UNIVERSAL_TYPES = frozenset({"DNS", "EUI64", "ISO", "URI", "UUID", "X400", "X500"})
"""PS3.3 Table 10-17."""
MOST_REQUESTS = 16
"""A study of more is none that anybody ordered."""


def procedure_codes(source: Dataset) -> list[Dataset]:
    """Return the procedures that were performed (PS3.3 C.7.2.1, Procedure Code Sequence)."""
    return carried_codes(sequence(source, "ProcedureCodeSequence"))


def issuer(source: Dataset, keyword: str) -> list[Dataset]:
    """Return who issued a number (PS3.3 Table 10-17 HL7v2 Hierarchic Designator, Table 10-18), nothing if unknown."""
    return [item for received in sequence(source, keyword)[:1] if (item := _designator(received))]


def requests(source: Dataset, report: Dataset) -> list[Dataset]:
    """Return the items of the Referenced Request Sequence (PS3.3 Table C.17-2), one for each request of a source.

    Parameters
    ----------
    source
        Its Request Attributes Sequence (PS3.3 Table 10-9) names the requests.
    report
        Study and accession number of what does not name its own.
    """
    return [_request(received, report) for received in sequence(source, "RequestAttributesSequence")[:MOST_REQUESTS]]


def _designator(received: Dataset) -> Dataset:
    item = Dataset()
    for keyword, value in _designations(received):
        if value:
            setattr(item, keyword, value)
    return item


def _designations(received: Dataset) -> Iterator[tuple[str, str]]:
    yield "LocalNamespaceEntityID", header.identifier(received, "LocalNamespaceEntityID", 1024)
    universal = header.identifier(received, "UniversalEntityID", 1024)
    kind = header.identifier(received, "UniversalEntityIDType", 16)
    if universal and kind in UNIVERSAL_TYPES:
        yield from (("UniversalEntityID", universal), ("UniversalEntityIDType", kind))


def _request(received: Dataset, report: Dataset) -> Dataset:
    item = Dataset()
    set_uid(item, "StudyInstanceUID", header.uid_of(received, "StudyInstanceUID") or str(report.StudyInstanceUID))
    item.ReferencedStudySequence = []
    accession = header.identifier(received, "AccessionNumber", 16)
    item.AccessionNumber = accession or report.AccessionNumber
    issued_by = issuer(received if accession else report, "IssuerOfAccessionNumberSequence")
    if issued_by and item.AccessionNumber:
        item.IssuerOfAccessionNumberSequence = issued_by
    for keyword in ("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"):
        setattr(item, keyword, header.identifier(received, keyword, 64))
    item.RequestedProcedureID = header.identifier(received, "RequestedProcedureID", 16)
    item.RequestedProcedureDescription = header.description(received, "RequestedProcedureDescription")
    item.RequestedProcedureCodeSequence = carried_codes(sequence(received, "RequestedProcedureCodeSequence"))
    return item
