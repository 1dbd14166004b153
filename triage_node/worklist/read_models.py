"""A study and all that belongs to it, as people and programs are shown it; JSON has the same fields in this order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

from triage_node.database import Base, Group, day_of

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class ReasonGiven:
    """Why there is no answer, or why one is less certain; an older node may have given a code that is none now."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Caution(ReasonGiven):
    """A reason with a few words for a list."""

    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader says of an outcome."""

    at: float
    actor: str
    agrees: bool
    present: bool
    types: Sequence[str]


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A study with its latest outcome, whose fields are None before there is one, and a reader's verdict on that.

    Times are seconds since 1970; ``probabilities`` are by label, ``image_distance`` is a value and its limit.
    ``images_deleted_at`` is when those images were deleted that are not here any more; with ``has_images`` others are.
    ``committed_at`` is when the node last committed itself to keep one of its instances.
    """

    study_instance_uid: str
    patient_id: str
    patient_name: str
    accession_number: str
    study_description: str
    study_date: str
    calling_ae_title: str
    state: str
    revision: int
    analyzed_revision: int | None
    priority: int
    first_received_at: float
    last_received_at: float
    opened_at: float
    closed_at: float | None
    held: bool
    changed_at: float
    attempts: int
    interruptions: int
    decision: str | None
    station_name: str
    scanner: str
    ready_at: float | None
    claimed_at: float | None
    acknowledged_at: float | None
    acknowledged_by: str | None
    study_time: str
    study_identifier: str
    referring_physician_name: str
    patient_birth_date: str
    patient_sex: str
    timezone_offset: str
    has_images: bool
    images_deleted_at: float | None
    results_deleted_at: float | None
    committed_at: float | None
    waiting_seconds: float
    group: Group
    status: str | None
    probabilities: Mapping[str, float] | None
    flagged: Sequence[str] | None
    uncertain: Sequence[str] | None
    reasons: Sequence[ReasonGiven] | None
    model: Mapping[str, str] | None
    image_distance: Mapping[str, float] | None
    withheld: Sequence[str]
    cautions: Sequence[Caution]
    verdict: Verdict | None

    @property
    def deletions(self) -> Sequence[str]:
        """Sentences that say what of it was deleted, and when."""
        return [*_images_deleted(self), *_results_deleted(self)]

    @property
    def report_deletion(self) -> str:
        """The sentence that says when its report was deleted; empty when it was not, or there never was one."""
        return " ".join(_results_deleted(self))


@dataclass(frozen=True, slots=True)
class Series:
    """A series that was received; ``eligible`` when its images may be a head CT."""

    series_instance_uid: str
    modality: str
    series_description: str
    series_number: int | None
    performed_date: str
    performed_time: str
    scheduled_procedure_step_id: str
    requested_procedure_id: str
    eligible: bool
    instance_count: int
    last_received_at: float


@dataclass(frozen=True, slots=True)
class StudyOutcome:
    """What one analysis said; ``folder`` names, among those of the study, the folder of its result."""

    revision: int
    series_instance_uid: str | None
    status: str
    decision: str | None
    reasons: Sequence[ReasonGiven]
    probabilities: Mapping[str, float] | None
    flagged: Sequence[str]
    uncertain: Sequence[str]
    withheld: Sequence[str] | None
    model: Mapping[str, str]
    seconds: Mapping[str, float]
    image_distance: Mapping[str, float] | None
    report_sop_instance_uid: str | None
    folder: str | None
    created_at: float
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class ReportDelivery:
    """One report on its way to one destination, or arrived.

    ``commitment`` is how far the destination has committed itself to keep it, empty when it is not asked to;
    ``waits_for`` is what it waits for while it is scheduled: ``quiet_hours`` or ``acknowledgement``;
    an ``escalation`` is sent only while nobody has acknowledged the study.
    """

    destination: str
    sop_instance_uid: str
    folder: str
    state: str
    attempts: int
    created_at: float
    next_attempt_at: float
    delivered_at: float | None
    last_error: str
    last_attempt_at: float | None
    tried_seconds: float
    commitment: str
    waits_for: str
    scheduled_seconds: float
    escalation: bool


@dataclass(frozen=True, slots=True)
class StudyDelivery(ReportDelivery):
    """A delivery among those of other studies."""

    study_instance_uid: str


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """Whose a study is, in a line."""

    patient_name: str
    patient_id: str
    accession_number: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: who, when, from which state to which, why."""

    at: float
    actor: str
    code: str
    from_state: str | None
    to_state: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Comment:
    """What a person wrote about a study."""

    at: float
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class Study(StudySummary):
    """One study with all the node knows of it, each list in the order of time."""

    series: Sequence[Series]
    deliveries: Sequence[ReportDelivery]
    events: Sequence[Event]
    comments: Sequence[Comment]
    outcomes: Sequence[StudyOutcome]

    @property
    def latest_outcome(self) -> StudyOutcome | None:
        """What the latest analysis said; None before there was one."""
        return self.outcomes[-1] if self.outcomes else None


@dataclass(frozen=True, slots=True)
class StudyPage:
    """Some studies of a list, and the cursor of the page that follows; None after the last."""

    studies: Sequence[StudySummary]
    next: str | None


@dataclass(frozen=True, slots=True)
class StudyChanges:
    """The studies that changed, each once, the marker to go on from, and whether there is more at once."""

    studies: Sequence[StudySummary]
    marker: int
    more: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How many studies and deliveries are in each state, and how many studies wait to be read in each group."""

    studies: Mapping[str, int]
    deliveries: Mapping[str, int]
    open: int
    open_by_group: Mapping[str, int]


def images_deleted_on(at: float) -> str:
    """Return the sentence that says when the images of a study were deleted."""
    return f"The images were deleted on {day_of(at)}."


def _images_deleted(study: StudySummary) -> Iterator[str]:
    if study.images_deleted_at is not None:
        sentence = images_deleted_on(study.images_deleted_at)
        yield f"{sentence[:-1]}; others came again, or later." if study.has_images else sentence


def _results_deleted(study: StudySummary) -> Iterator[str]:
    if study.results_deleted_at is not None and study.status is not None:
        yield f"The report and what goes with it were deleted on {day_of(study.results_deleted_at)}."


def made_from(kind: type[Model], source: Base | StudySummary, **more: Any) -> Model:
    """Return a read model with what a row, or another one, holds under the same names, and what is given beside."""
    names = [name for name in _names(kind) if name not in more]  # type: ignore[arg-type]
    return kind(**{name: getattr(source, name) for name in names}, **more)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def reasons_of(stored: Sequence[Mapping[str, str]]) -> list[ReasonGiven]:
    """Return the reasons of an outcome as its row holds them."""
    return [ReasonGiven(one["code"], one["message"]) for one in stored]
