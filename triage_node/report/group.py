"""What the report says of one label: PS3.16 TID 1501 Measurement and Qualitative Evaluation Group."""

from collections.abc import Iterator
from copy import copy

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
from pydicom.dataset import Dataset

from triage_node.findings import LABELS, Calibration, Code, Decision, FindingCode, Label
from triage_node.report import codes
from triage_node.report.content import ReportContent
from triage_node.report.content_items import descendants, named
from triage_node.report.evidence import sop_reference
from triage_node.report.header import plain
from triage_node.report.identity import tracking_uid
from triage_node.report.wording import NOT_FLAGGED

CONTAINS = RelationshipTypeValues.CONTAINS
THRESHOLD_DIGITS = 4
"""Decimals of a threshold in percent: as many as manifests have."""

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


def refer_to_picture(report: Dataset, label: Label, reference: Dataset) -> None:
    """Name the picture that explains a label in its group (DCM 130401)."""
    group = list(named(descendants(report), codes.MEASUREMENT_GROUP))[LABELS.index(label)]
    group.ContentSequence.append(_image(codes.VISUAL_EXPLANATION, reference))


def concept(code: Code) -> CodedConcept:
    """Return a code as highdicom takes it."""
    return CodedConcept(code.value, code.scheme, plain(code.meaning, 64))


def _group_items(content: ReportContent, label: Label, study_instance_uid: str) -> list[ContentItem]:
    decision, finding = content.decision_for(label), content.finding_codes[label]
    items = [*TrackingIdentifier(identifier=label.value, uid=tracking_uid(study_instance_uid, label))]
    if decision is Decision.FLAGGED:
        items.append(CodeContentItem(concept(codes.FINDING), concept(finding.finding), CONTAINS))
    items.extend(_site(finding))
    items.extend(_scores(content, label))
    items.extend(_images(content, label))
    items.append(_presence(finding, decision))
    items.extend(_basis(content, label))
    return items


def _site(finding: FindingCode) -> Iterator[ContentItem]:
    if finding.site is not None:
        yield FindingSite(anatomic_location=concept(finding.site))


def _scores(content: ReportContent, label: Label) -> Iterator[ContentItem]:
    """Row 10: the score and, where the model says them, the thresholds it is to be read by, all in percent."""
    assert content.prediction is not None
    score, calibration = float(content.prediction.probabilities[label]), content.calibrations.get(label)
    yield _percent(codes.CERTAINTY, shown_percent(score, calibration))
    if calibration is not None:
        yield _percent(codes.FLAG_THRESHOLD, round(100 * calibration.flag, THRESHOLD_DIGITS))
        yield _percent(codes.UNCERTAIN_THRESHOLD, round(100 * calibration.uncertain, THRESHOLD_DIGITS))


def _basis(content: ReportContent, label: Label) -> Iterator[ContentItem]:
    """Row 12: what the thresholds were set from."""
    calibration = content.calibrations.get(label)
    if calibration is not None and calibration.basis:
        yield TextContentItem(concept(codes.CALIBRATION), plain(calibration.basis), CONTAINS)


def shown_percent(score: float, calibration: Calibration | None) -> float:
    """Return a score in percent with one decimal, or with as many as put it on its own side of both thresholds."""
    percent = 100 * score
    for digits in range(1, THRESHOLD_DIGITS + 1):
        shown = round(percent, digits)
        if calibration is None or _sides(shown, calibration) == _sides(percent, calibration):
            return shown
    return percent


def _sides(percent: float, calibration: Calibration) -> tuple[bool, bool]:
    flag, uncertain = (
        round(100 * threshold, THRESHOLD_DIGITS) for threshold in (calibration.flag, calibration.uncertain)
    )
    return percent > flag, percent >= uncertain


def _percent(name: Code, percent: float) -> ContentItem:
    """TID 300 row 1."""
    return NumContentItem(concept(name), percent, concept(codes.PERCENT), relationship_type=CONTAINS)


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


def _images(content: ReportContent, label: Label) -> Iterator[ContentItem]:
    """References, not marks: the slice with the highest score, as the score's source and as what to open."""
    best = content.best_slices.get(label)
    if best is not None and content.decision_for(label) is not Decision.NOT_FLAGGED:
        reference = sop_reference(best.sop_class_uid, best.sop_instance_uid, best.frame_number)
        yield _image(codes.SOURCE_OF_MEASUREMENT, reference)
        yield _image(codes.BEST_ILLUSTRATION, reference)


def _image(name: Code, reference: Dataset) -> ContentItem:
    item = ImageContentItem(concept(name), reference.ReferencedSOPClassUID, "2.25.0", relationship_type=CONTAINS)
    item.ReferencedSOPSequence = [copy(reference)]
    return item
