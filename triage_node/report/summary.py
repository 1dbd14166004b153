"""A report read back: what a received SR says, from the DICOM object alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from triage_node.findings import FINDING_CODES, LABELS, Calibration, Code, Decision, Label, ModelIdentity
from triage_node.report import codes
from triage_node.report.content import BestSlice
from triage_node.report.content_items import children, coded, descendants, named, number, same_code, sequence
from triage_node.report.header import text_of
from triage_node.report.picture import named_picture

EVIDENCE = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
MANIFEST = "manifest sha256"


@dataclass(frozen=True)
class LabelSummary:
    """What a report says of one label.

    Attributes
    ----------
    decision
        None where the report says nothing that we understand.
    probability
        The score in [0, 1], None when the report holds none.
    text
        The words of the report: the meaning of the presence code, or the text of a label that is not flagged.
    calibration
        The thresholds that the score is to be read by, None where the report has none.
    """

    label: Label
    decision: Decision | None
    probability: float | None
    text: str
    best_slice: BestSlice | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Summary:
    """What a report says, with nothing but the report to go by.

    Attributes
    ----------
    decision
        None when the study was not analyzed, or when the report says nothing that we understand (`status` tells).
    status
        Meaning of the CID 6047 code, empty when there is none.
    sentence
        The summary text of the report.
    reasons
        Why the study was not analyzed, each ``code: sentence``.
    source_counts
        Number of instances referred to as evidence, by Series Instance UID; the picture is no source.
    series_analyzed
        Which series the answer is about, in a sentence; empty where the report does not say.
    series_not_analyzed
        The other series, each with the reason, in a sentence.
    revision
        Which revision of the study the report is about, None where it does not say.
    picture
        SOP Instance UID of the picture that explains the answer, "" where there is none.
    """

    study_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    series_description: str
    created: str
    decision: Decision | None
    status: str
    sentence: str
    labels: tuple[LabelSummary, ...]
    reasons: tuple[str, ...]
    model: ModelIdentity
    parameters: tuple[str, ...]
    source_counts: dict[str, int]
    replaces: tuple[str, ...] = ()
    series_analyzed: str = ""
    series_not_analyzed: tuple[str, ...] = ()
    revision: int | None = None
    picture: str = ""

    def of(self, label: Label) -> LabelSummary | None:
        """Return what the report says of a label, None when nothing."""
        return next((each for each in self.labels if each.label is label), None)


def summarize(report: Dataset) -> Summary:
    """Read a report of this node back, of any SOP class and tolerant of what is missing."""
    labels = tuple(_labels(report))
    status = next((coded(item, "ConceptCodeSequence") for item in named(descendants(report), codes.STATUS)), None)
    return Summary(
        study_instance_uid=text_of(report, "StudyInstanceUID"),
        sop_instance_uid=text_of(report, "SOPInstanceUID"),
        sop_class_uid=text_of(report, "SOPClassUID"),
        series_description=text_of(report, "SeriesDescription"),
        created=f"{text_of(report, 'ContentDate')} {text_of(report, 'ContentTime')}".strip(),
        decision=_decision(labels, same_code(status, codes.WITHOUT_FINDINGS)),
        status=status.meaning if status else "",
        sentence=" ".join(_texts(report, codes.SUMMARY)),
        labels=labels,
        reasons=tuple(_texts(report, codes.REASON_NOT_ANALYZED)),
        model=_model(report),
        parameters=tuple(text for text in _parameters(report) if not text.startswith(f"{MANIFEST}=")),
        source_counts=dict(_source_counts(report)),
        replaces=tuple(_replaced(report)),
        series_analyzed=" ".join(_texts(report, codes.SERIES_ANALYZED)),
        series_not_analyzed=tuple(_texts(report, codes.SERIES_NOT_ANALYZED)),
        picture=named_picture(report),
        revision=next((int(text) for text in _texts(report, codes.REVISION) if text.isdecimal()), None),
    )


def _labels(report: Dataset) -> Iterator[LabelSummary]:
    groups = {label: group for group in label_groups(report) if (label := label_of(group))}
    return (label_summary(label, groups[label]) for label in LABELS if label in groups)


def label_groups(report: Dataset) -> Iterator[Dataset]:
    """Iterate over what is said of a label each: measurement groups, and whatever else is tracked."""
    for item in descendants(report):
        is_group = same_code(coded(item, "ConceptNameCodeSequence"), codes.MEASUREMENT_GROUP)
        if is_group or any(named(children(item), codes.TRACKING_IDENTIFIER)):
            yield item


def label_of(group: Dataset) -> Label | None:
    """Return the label that a group's tracking identifier names; without one it is known by its codes."""
    for item in named(children(group), codes.TRACKING_IDENTIFIER):
        if text_of(item, "TextValue") in LABELS:
            return Label(text_of(item, "TextValue"))
    names = [coded(item, "ConceptNameCodeSequence") for item in children(group)]
    matches = (label for label in LABELS if any(same_code(name, FINDING_CODES[label].finding) for name in names))
    return next(matches, None)


def label_summary(label: Label, group: Dataset) -> LabelSummary:
    """Return what a group says of its label."""
    presence = next((code for item in children(group) if (code := _presence(item))), None)
    words = [text_of(item, "TextValue") for item in (group, *children(group)) if _is_statement(item)]
    percent = _number(group, codes.CERTAINTY)
    return LabelSummary(
        label=label,
        decision=presence or (Decision.NOT_FLAGGED if any("not flagged" in text for text in words) else None),
        probability=None if percent is None else percent / 100,
        text=next((text for text in words if text != label), _meaning(group)),
        best_slice=next(map(_best_slice, named(children(group), codes.BEST_ILLUSTRATION)), None),
        calibration=_calibration(group),
    )


def _is_statement(item: Dataset) -> bool:
    name = coded(item, "ConceptNameCodeSequence")
    is_about_it = same_code(name, codes.CALIBRATION) or same_code(name, codes.COMMENT)
    return text_of(item, "ValueType") == "TEXT" and not is_about_it


def _number(group: Dataset, name: Code) -> float | None:
    return next(map(number, named(children(group), name)), None)


def _calibration(group: Dataset) -> Calibration | None:
    flag, uncertain = _number(group, codes.FLAG_THRESHOLD), _number(group, codes.UNCERTAIN_THRESHOLD)
    if flag is None or uncertain is None:
        return None
    basis = (text_of(item, "TextValue") for item in named(children(group), codes.CALIBRATION))
    return Calibration(flag / 100, uncertain / 100, next(basis, ""))


def _presence(item: Dataset) -> Decision | None:
    """Reports of before 0.17 say *present* of what is flagged."""
    value = coded(item, "ConceptCodeSequence")
    if same_code(value, codes.SUSPECTED) or same_code(value, codes.PRESENT):
        return Decision.FLAGGED
    return Decision.UNCERTAIN if same_code(value, codes.UNDETERMINED) else None


def _meaning(group: Dataset) -> str:
    values = (coded(item, "ConceptCodeSequence") for item in children(group) if _presence(item))
    return next((value.meaning for value in values if value), "")


def _best_slice(item: Dataset) -> BestSlice | None:
    for reference in sequence(item, "ReferencedSOPSequence"):
        frame = text_of(reference, "ReferencedFrameNumber")
        uids = (text_of(reference, "ReferencedSOPInstanceUID"), text_of(reference, "ReferencedSOPClassUID"))
        return BestSlice(*uids, frame_number=int(frame) if frame.isdecimal() else None)
    return None


def _decision(labels: tuple[LabelSummary, ...], without_findings: bool) -> Decision | None:
    decisions = {each.decision for each in labels}
    if Decision.FLAGGED in decisions:
        return Decision.FLAGGED
    if Decision.UNCERTAIN in decisions:
        return Decision.UNCERTAIN
    return Decision.NOT_FLAGGED if without_findings else None


def _model(report: Dataset) -> ModelIdentity:
    name, version = (next(iter(_texts(report, code)), "") for code in (codes.ALGORITHM_NAME, codes.ALGORITHM_VERSION))
    digest = next((text.partition("=")[2] for text in _parameters(report) if text.startswith(f"{MANIFEST}=")), "")
    return ModelIdentity(name, version, digest)


def _parameters(report: Dataset) -> list[str]:
    return _texts(report, codes.ALGORITHM_PARAMETERS)


def _texts(report: Dataset, name: Code) -> list[str]:
    return [text_of(item, "TextValue") for item in named(descendants(report), name)]


def _source_counts(report: Dataset) -> Iterator[tuple[str, int]]:
    picture = named_picture(report)
    for study in (item for keyword in EVIDENCE for item in sequence(report, keyword)):
        for series in sequence(study, "ReferencedSeriesSequence"):
            uids = [text_of(item, "ReferencedSOPInstanceUID") for item in sequence(series, "ReferencedSOPSequence")]
            if uids != [picture]:
                yield text_of(series, "SeriesInstanceUID"), len(uids)


def _replaced(report: Dataset) -> Iterator[str]:
    for study in sequence(report, "PredecessorDocumentsSequence"):
        for series in sequence(study, "ReferencedSeriesSequence"):
            for reference in sequence(series, "ReferencedSOPSequence"):
                yield text_of(reference, "ReferencedSOPInstanceUID")
