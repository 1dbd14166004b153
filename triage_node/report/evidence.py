"""References to other instances: the evidence and the report that is replaced (PS3.3 C.17.2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from triage_node.report.header import text_of, uid_of
from triage_node.report.uids import carried_uid, is_valid_uid, set_uid


class ReferencedInstance(NamedTuple):
    """What names an instance; sorting by it gives the order of the evidence."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str


def instance_of(ds: Dataset) -> ReferencedInstance:
    """Return the UIDs that name an instance, as the report carries them."""
    study, series, instance = (uid_of(ds, f"{level}InstanceUID") for level in ("Study", "Series", "SOP"))
    return ReferencedInstance(study, series, instance, sop_class_of(text_of(ds, "SOPClassUID")))


def referenced(
    study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str, sop_class_uid: str
) -> ReferencedInstance:
    """Return the instance of these UIDs, as the report carries them; a UID may be empty."""
    study, series, instance = (
        carried_uid(uid) if uid else "" for uid in (study_instance_uid, series_instance_uid, sop_instance_uid)
    )
    return ReferencedInstance(study, series, instance, sop_class_of(sop_class_uid))


def replaced_instance(report: Dataset) -> Dataset | None:
    """Return what names the report that a report replaces, None when it replaces none."""
    for study in report.get("PredecessorDocumentsSequence", []):
        for series in study.ReferencedSeriesSequence:
            for item in series.ReferencedSOPSequence:
                replaced = Dataset()
                set_uid(replaced, "StudyInstanceUID", study.StudyInstanceUID)
                set_uid(replaced, "SeriesInstanceUID", series.SeriesInstanceUID)
                set_uid(replaced, "SOPInstanceUID", item.ReferencedSOPInstanceUID)
                replaced.SOPClassUID = item.ReferencedSOPClassUID
                return replaced
    return None


def sop_class_of(received: str) -> str:
    """Return a SOP Class UID; a header without a valid one came from a CT or it would not be here."""
    return received if is_valid_uid(received) else CTImageStorage


def evidence_of(instances: Iterable[ReferencedInstance], study_instance_uid: str) -> list[ReferencedInstance]:
    """Return the instances in the order of the evidence.

    An instance without a SOP Instance UID cannot be referred to and is left out, one that is named twice is there once,
    as it was named first, and one that names no study is taken to be of the report's.
    """
    unique: dict[str, ReferencedInstance] = {}
    for each in instances:
        if each.sop_instance_uid:
            study = each.study_instance_uid or study_instance_uid
            unique.setdefault(each.sop_instance_uid, each._replace(study_instance_uid=study))
    return sorted(unique.values())


def write_evidence(report: Dataset, evidence: Iterable[ReferencedInstance]) -> None:
    """Write Current Requested Procedure Evidence, and Pertinent Other Evidence of other studies than the report's."""
    current: list[ReferencedInstance] = []
    other: list[ReferencedInstance] = []
    for each in evidence:
        (current if each.study_instance_uid == report.StudyInstanceUID else other).append(each)
    if current:
        report.CurrentRequestedProcedureEvidenceSequence = hierarchical_references(current)
    if other:
        report.PertinentOtherEvidenceSequence = hierarchical_references(other)


def hierarchical_references(instances: Iterable[ReferencedInstance]) -> list[Dataset]:
    """Return one item a study, each with its series and instances (PS3.3 Table C.17-3b)."""
    tree: dict[str, dict[str, list[ReferencedInstance]]] = defaultdict(lambda: defaultdict(list))
    for instance in instances:
        tree[instance.study_instance_uid][instance.series_instance_uid].append(instance)
    return [_study_item(study_uid, series) for study_uid, series in tree.items()]


def sop_reference(sop_class_uid: str, sop_instance_uid: str, frame_number: int | None = None) -> Dataset:
    """Return an item that refers to an instance or to one frame of it (PS3.3 Table 10-3)."""
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_of(sop_class_uid)
    set_uid(item, "ReferencedSOPInstanceUID", carried_uid(sop_instance_uid))
    if frame_number is not None:
        item.ReferencedFrameNumber = frame_number
    return item


def _study_item(study_instance_uid: str, series: Mapping[str, list[ReferencedInstance]]) -> Dataset:
    item = Dataset()
    set_uid(item, "StudyInstanceUID", carried_uid(study_instance_uid))
    item.ReferencedSeriesSequence = [_series_item(uid, instances) for uid, instances in series.items()]
    return item


def _series_item(series_instance_uid: str, instances: Iterable[ReferencedInstance]) -> Dataset:
    item = Dataset()
    set_uid(item, "SeriesInstanceUID", carried_uid(series_instance_uid))
    item.ReferencedSOPSequence = [sop_reference(each.sop_class_uid, each.sop_instance_uid) for each in instances]
    return item
