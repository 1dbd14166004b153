"""What the report says of one label: PS3.16 TID 1501 Measurement and Qualitative Evaluation Group."""

from collections.abc import Iterator

from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    FindingSite,
    ImageContentItem,
    NumContentItem,
    RelationshipTypeValues,
    TextContentItem,
    TrackingIdentifier,
)

from triage_node.findings import Code, Decision, FindingCode, Label
from triage_node.report import codes
from triage_node.report.content import BestSlice, ReportContent
from triage_node.report.evidence import sop_reference
from triage_node.report.header import plain
from triage_node.report.identity import tracking_uid
from triage_node.report.wording import NOT_FLAGGED

CONTAINS = RelationshipTypeValues.CONTAINS

PRESENCE: dict[Decision, Code] = {Decision.FLAGGED: codes.SUSPECTED, Decision.UNCERTAIN: codes.UNDETERMINED}
"""Neither *present*, which would be a diagnosis, nor *absent*: for a label that is not flagged there is no code."""


def measurement_group(content: ReportContent, label: Label, study_instance_uid: str) -> ContainerContentItem:
    """Return the group of a label (PS3.16 TID 1501).

    The finding is the question (concept name) and its presence the answer (rows 11 and 12). *Finding* (row 3b) is
    written only for a flagged label: alone it would read as a finding that was made.
    """
    group = ContainerContentItem(concept(codes.MEASUREMENT_GROUP), False, "1501", CONTAINS)
    group.ContentSequence = ContentSequence(_group_items(content, label, study_instance_uid))
    return group


def concept(code: Code) -> CodedConcept:
    """Return a code as highdicom takes it."""
    return CodedConcept(code.value, code.scheme, plain(code.meaning, 64))


def _group_items(content: ReportContent, label: Label, study_instance_uid: str) -> list[ContentItem]:
    decision, finding = content.decision_for(label), content.finding_codes[label]
    items = [*TrackingIdentifier(identifier=label.value, uid=tracking_uid(study_instance_uid, label))]
    if decision is Decision.FLAGGED:
        items.append(CodeContentItem(concept(codes.FINDING), concept(finding.finding), CONTAINS))
    items.extend(_site(finding))
    items.append(_certainty(content, label))
    items.append(_presence(finding, decision))
    if decision is not Decision.NOT_FLAGGED and label in content.best_slices:
        items.append(_best_slice(content.best_slices[label]))
    return items


def _site(finding: FindingCode) -> Iterator[ContentItem]:
    if finding.site is not None:
        yield FindingSite(anatomic_location=concept(finding.site))


def _certainty(content: ReportContent, label: Label) -> ContentItem:
    """Row 10, TID 300: the score in percent with one decimal."""
    assert content.prediction is not None
    percent = round(100 * float(content.prediction.probabilities[label]), 1)
    return NumContentItem(concept(codes.CERTAINTY), percent, concept(codes.PERCENT), relationship_type=CONTAINS)


def _presence(finding: FindingCode, decision: Decision) -> ContentItem:
    """Row 11, or row 12 for a label that is not flagged; a finding with a site is post-coordinated (PS3.16 6.2.4)."""
    name = concept(finding.finding)
    item: ContentItem
    if decision in PRESENCE:
        item = CodeContentItem(name, concept(PRESENCE[decision]), CONTAINS)
    else:
        item = TextContentItem(name, NOT_FLAGGED, CONTAINS)
    if finding.site is not None:
        item.ContentSequence = ContentSequence([*_site(finding)])
    return item


def _best_slice(best: BestSlice) -> ContentItem:
    """Row 10b: a reference to the slice with the highest score, not a mark on it."""
    item = ImageContentItem(concept(codes.BEST_ILLUSTRATION), best.sop_class_uid, "2.25.0", relationship_type=CONTAINS)
    item.ReferencedSOPSequence = [sop_reference(best.sop_class_uid, best.sop_instance_uid, best.frame_number)]
    return item
