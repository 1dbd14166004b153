"""The best slices of a report, for a viewer to jump to: Key Object Selection (PS3.3 A.35.4, PS3.16 TID 2010)."""

from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage

from triage_node.report import codes
from triage_node.report.code_item import code_item
from triage_node.report.content import BestSlice
from triage_node.report.content_items import children, coded, same_code, sequence
from triage_node.report.evidence import ReferencedInstance, hierarchical_references, sop_reference
from triage_node.report.header import plain, text_of
from triage_node.report.objects.derived import begun, named
from triage_node.report.summary import EVIDENCE, summarize

SERIES_NUMBER = 9604
TITLE = "key images"
CONTEXT = (
    codes.LANGUAGE, codes.OBSERVER_TYPE, codes.DEVICE_UID, codes.DEVICE_NAME, codes.DEVICE_MANUFACTURER,
    codes.DEVICE_MODEL_NAME, codes.DEVICE_SERIAL_NUMBER,
)  # fmt: skip
"""TID 1204 and TID 1002: language and observer are those of the report."""


def build_key_objects(report: Dataset) -> Dataset | None:
    """Return the selection of the best slices of what is flagged or uncertain; None where the report names none.

    Parameters
    ----------
    report
        Any variant of it.
    """
    summary = summarize(report)
    best = list(dict.fromkeys(each.best_slice for each in summary.labels if each.best_slice is not None))
    placed = [instance for one in best if (instance := _placed(report, one)) is not None]
    if not placed:
        return None
    selection = begun(report, KeyObjectSelectionDocumentStorage, "KO", SERIES_NUMBER, TITLE)
    selection.ReferencedPerformedProcedureStepSequence = []
    if "ReferencedRequestSequence" in report:
        selection.ReferencedRequestSequence = report.ReferencedRequestSequence
    selection.CurrentRequestedProcedureEvidenceSequence = hierarchical_references(sorted(set(placed)))
    known = {instance.sop_instance_uid for instance in placed}
    _content(selection, report, summary.sentence, [one for one in best if one.sop_instance_uid in known])
    return named(selection, report, TITLE)


def _placed(report: Dataset, best: BestSlice) -> ReferencedInstance | None:
    """Return the study and series of a slice as the evidence of the report names them."""
    for study in (item for keyword in EVIDENCE for item in sequence(report, keyword)):
        for series in sequence(study, "ReferencedSeriesSequence"):
            for item in sequence(series, "ReferencedSOPSequence"):
                if text_of(item, "ReferencedSOPInstanceUID") == best.sop_instance_uid:
                    uids = text_of(study, "StudyInstanceUID"), text_of(series, "SeriesInstanceUID")
                    return ReferencedInstance(*uids, best.sop_instance_uid, best.sop_class_uid)
    return None


def _content(selection: Dataset, report: Dataset, sentence: str, best: list[BestSlice]) -> None:
    """SR Document Content module (PS3.3 C.17.3, A.35.4.3.1)."""
    selection.ValueType, selection.ContinuityOfContent = "CONTAINER", "SEPARATE"
    selection.ConceptNameCodeSequence = [code_item(codes.OF_INTEREST)]
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    selection.ContentTemplateSequence = [template]
    context = [item for item in children(report) if _is_context(item)]
    selection.ContentSequence = [*context, _description(sentence), *map(_image, best)]


def _is_context(item: Dataset) -> bool:
    name = coded(item, "ConceptNameCodeSequence")
    return any(same_code(name, code) for code in CONTEXT)


def _description(sentence: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "TEXT"
    item.ConceptNameCodeSequence = [code_item(codes.KEY_OBJECT_DESCRIPTION)]
    item.TextValue = plain(sentence)
    return item


def _image(best: BestSlice) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [sop_reference(best.sop_class_uid, best.sop_instance_uid, best.frame_number)]
    return item
