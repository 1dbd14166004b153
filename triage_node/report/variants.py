"""The same report in the SOP classes a PACS may accept."""

import copy
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage, EnhancedSRStorage

from triage_node.report.document import file_meta
from triage_node.report.evidence import sop_reference
from triage_node.report.identity import instance_uid

SOP_CLASSES = (Comprehensive3DSRStorage, ComprehensiveSRStorage, EnhancedSRStorage)
"""In order of preference; the content keeps to what the least of them allows (PS3.3 A.35.2.3)."""

OF_THE_CLASS = frozenset({"SOPClassUID", "SOPInstanceUID", "InstanceNumber", "PredecessorDocumentsSequence"})


def report_variants(report: Dataset) -> tuple[Dataset, ...]:
    """Return the report as Comprehensive 3D, Comprehensive and Enhanced SR, in the order of preference.

    Any variant of a report gives the same three: the UID of each is made from the series they share and its class.
    """
    return tuple(_variant(report, number, uid) for number, uid in enumerate(SOP_CLASSES, start=1))


def _variant(report: Dataset, instance_number: int, sop_class_uid: str) -> Dataset:
    """Return the report in a class; what does not depend on the class is the report's own, not a copy of it."""
    variant = Dataset()
    for element in report:
        if element.keyword not in OF_THE_CLASS:
            variant.add(element)
    variant.SOPClassUID = sop_class_uid
    variant.SOPInstanceUID = instance_uid(report.SeriesInstanceUID, sop_class_uid)
    variant.InstanceNumber = instance_number
    if "PredecessorDocumentsSequence" in report:
        variant.PredecessorDocumentsSequence = copy.deepcopy(report.PredecessorDocumentsSequence)
    for series in _replaced_series(variant):
        series.ReferencedSOPSequence = [
            _same_class(series, item, sop_class_uid) for item in series.ReferencedSOPSequence
        ]
    variant.file_meta = file_meta(variant)
    return variant


def _replaced_series(report: Dataset) -> Iterator[Dataset]:
    for study in report.get("PredecessorDocumentsSequence", []):
        yield from study.ReferencedSeriesSequence


def _same_class(series: Dataset, item: Dataset, sop_class_uid: str) -> Dataset:
    """Return the reference to a replaced report in another class: a peer that takes this one was given that one."""
    uid, own = series.SeriesInstanceUID, item.ReferencedSOPClassUID
    if item.ReferencedSOPInstanceUID != instance_uid(uid, own):
        return item
    return sop_reference(sop_class_uid, instance_uid(uid, sop_class_uid))
