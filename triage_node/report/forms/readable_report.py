"""A report as one readable model: who it is about, what the node says, how it came about; every form is made of it."""

from dataclasses import dataclass
from datetime import date, datetime, time

from triage_node.findings import Calibration, Decision, Label, ModelIdentity
from triage_node.report.forms.answer_codes import AnswerCodes
from triage_node.report.forms.name_groups import NameGroups


@dataclass(frozen=True)
class PatientFacts:
    """Who the study is of; what the report does not say is empty or None."""

    name: NameGroups
    patient_id: str
    issuer_of_patient_id: str
    birth_date: date | None
    sex: str


@dataclass(frozen=True)
class StudyFacts:
    """The study as its source described it; date and time in `offset` from UTC, ``&ZZXX``, where that is known."""

    study_instance_uid: str
    study_id: str
    date: date | None
    time: time | None
    offset: str
    description: str
    accession_number: str
    referring_physician_name: NameGroups


@dataclass(frozen=True)
class ReasonRead:
    """Why the study was not analyzed."""

    code: str
    message: str


@dataclass(frozen=True)
class BestSliceRead:
    """The image to open first; its number is None where only its UID is known."""

    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    frame_number: int | None


@dataclass(frozen=True)
class Answer:
    """What the report says of one label.

    Attributes
    ----------
    decision
        None where the report says nothing that is understood; that is no *not flagged*.
    probability
        In [0, 1], None where the report holds none.
    calibration
        The thresholds that it is to be read by, None where the report holds none.
    text
        The words of the report.
    """

    label: Label
    decision: Decision | None
    probability: float | None
    calibration: Calibration | None
    text: str
    best_slice: BestSliceRead | None
    codes: AnswerCodes | None


@dataclass(frozen=True)
class SeriesRead:
    """A series whose images the report names as its evidence; number and description where they are known.

    ``modality`` is ``CT`` where every image is of a CT class, else empty: a report names classes, no modalities.
    """

    series_instance_uid: str
    series_number: int | None
    series_description: str
    modality: str
    instances: int


@dataclass(frozen=True)
class NodeFacts:
    """The installation that made the report."""

    station_name: str
    manufacturer: str
    software_version: str
    device_uid: str


@dataclass(frozen=True)
class ReportFacts:
    """The report itself.

    Attributes
    ----------
    created_at
        With its time zone where the report says one.
    revision
        Which revision of the study it is about, None where that is not known.
    replaces
        SOP Instance UIDs of the reports it replaces.
    """

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    series_description: str
    created_at: datetime | None
    revision: int | None
    completion: str
    verification: str
    preliminary: str
    replaces: tuple[str, ...]


@dataclass(frozen=True)
class ReadableReport:
    """All that people are told of a result.

    Attributes
    ----------
    decision
        None when the study was not analyzed; `reasons` say why.
    sentence
        The summary of the report, with the disclaimer.
    answers
        One for each label when the study was analyzed, in the order of `LABELS`; else none.
    series_analyzed, series_not_analyzed
        Which series the answer is about, and each other one with the reason, in sentences; empty where the report does
        not say.
    series
        The evidence: every series of which the report names received images.
    picture
        SOP Instance UID of the picture of where the model looked, empty where none goes with the report.
    """

    patient: PatientFacts
    study: StudyFacts
    decision: Decision | None
    sentence: str
    disclaimer: str
    reasons: tuple[ReasonRead, ...]
    answers: tuple[Answer, ...]
    series_analyzed: str
    series_not_analyzed: tuple[str, ...]
    series: tuple[SeriesRead, ...]
    picture: str
    model: ModelIdentity
    parameters: tuple[str, ...]
    node: NodeFacts
    report: ReportFacts
