"""The content tree of a report: PS3.16 TID 1500 Measurement Report."""

from collections.abc import Iterator

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    LanguageOfContentItemAndDescendants,
    ObserverContext,
    RelationshipTypeValues,
    TextContentItem,
)

from triage_node.findings import LABELS, Code, Decision
from triage_node.report import codes
from triage_node.report.content import ReportContent
from triage_node.report.group import concept, measurement_group
from triage_node.report.header import plain
from triage_node.report.identity import LANGUAGE
from triage_node.report.image_library import image_library
from triage_node.report.wording import MANUFACTURER, summary_text

CONTAINS = RelationshipTypeValues.CONTAINS
HAS_CONCEPT_MOD = RelationshipTypeValues.HAS_CONCEPT_MOD


def content_tree(content: ReportContent, study_instance_uid: str) -> ContainerContentItem:
    """Return the root container of the report (PS3.16 TID 1500).

    The order of the rows is not significant: what is to be read first comes first, the image library last.
    """
    root = ContainerContentItem(concept(codes.TRIAGE_NOTIFICATION), False, "1500")
    root.ContentSequence = ContentSequence()
    root.ContentSequence.extend(LanguageOfContentItemAndDescendants(concept(codes.LANGUAGES[LANGUAGE])))
    root.ContentSequence.extend(_observer(content))
    root.ContentSequence.append(_procedure(content))
    root.ContentSequence.append(_qualitative_evaluations(content))
    root.ContentSequence.append(_imaging_measurements(content, study_instance_uid))
    root.ContentSequence.extend(image_library(content))
    return root


def _observer(content: ReportContent) -> ObserverContext:
    """TID 1002 and TID 1004: who speaks is a device."""
    attributes = DeviceObserverIdentifyingAttributes(
        uid=content.device_uid,
        name=plain(content.station_name),
        manufacturer_name=MANUFACTURER,
        model_name=MANUFACTURER,
        serial_number=content.device_uid,
    )
    return ObserverContext(concept(codes.DEVICE), attributes)


def _procedure(content: ReportContent) -> CodeContentItem:
    """TID 1500 row 4: of a study that was not analyzed nobody knows that it is a head CT."""
    procedure = codes.IMAGING_PROCEDURE if content.prediction is None else codes.CT_OF_HEAD
    return CodeContentItem(concept(codes.PROCEDURE_REPORTED), concept(procedure), HAS_CONCEPT_MOD)


def _algorithm(content: ReportContent) -> AlgorithmIdentification:
    """TID 4019, once for the whole container (TID 1500 row 6b)."""
    parameters = {"manifest sha256": content.model.sha256, **content.parameters}
    return AlgorithmIdentification(
        name=plain(content.model.name),
        version=plain(content.model.version),
        parameters=[plain(f"{name}={value}") for name, value in sorted(parameters.items())],
        family=concept(codes.ARTIFICIAL_INTELLIGENCE),
    )


def _imaging_measurements(content: ReportContent, study_instance_uid: str) -> ContainerContentItem:
    """TID 1500 row 6: the algorithm and one group a label; of a study that was not analyzed the algorithm alone."""
    container = _container(codes.IMAGING_MEASUREMENTS)
    container.ContentSequence.extend(_algorithm(content))
    if content.prediction is None:
        return container
    container.ContentSequence.extend(measurement_group(content, label, study_instance_uid) for label in LABELS)
    return container


def _qualitative_evaluations(content: ReportContent) -> ContainerContentItem:
    """TID 1500 row 12: the status, the sentence to read first and why there is nothing more."""
    container = _container(codes.QUALITATIVE_EVALUATIONS)
    container.ContentSequence.append(CodeContentItem(concept(codes.STATUS), concept(_status(content)), CONTAINS))
    container.ContentSequence.append(_text(codes.SUMMARY, summary_text(content)))
    container.ContentSequence.extend(_text(name, text) for name, text in _statements(content))
    return container


def _statements(content: ReportContent) -> Iterator[tuple[Code, str]]:
    """TID 1500 row 14: why there is no answer, which series it is about and why not the others, which revision."""
    yield from ((codes.REASON_NOT_ANALYZED, f"{reason.code}: {reason.message}") for reason in content.reasons)
    if content.series_analyzed:
        yield codes.SERIES_ANALYZED, content.series_analyzed
    yield from ((codes.SERIES_NOT_ANALYZED, sentence) for sentence in content.series_not_analyzed)
    if content.revision is not None:
        yield codes.REVISION, str(content.revision)


def _status(content: ReportContent) -> Code:
    """CID 6047; an uncertain label counts as a finding, so that nobody reads it as all clear."""
    if content.decision is None:
        return codes.NOT_SUCCEEDED
    return codes.WITHOUT_FINDINGS if content.decision is Decision.NOT_FLAGGED else codes.WITH_FINDINGS


def _container(name: Code) -> ContainerContentItem:
    container = ContainerContentItem(concept(name), is_content_continuous=False, relationship_type=CONTAINS)
    container.ContentSequence = ContentSequence()
    return container


def _text(name: Code, value: str) -> ContentItem:
    return TextContentItem(concept(name), plain(value), CONTAINS)
