"""A worklist with a past, made by its own moves: studies in every state, some urgent, some that wait long."""

import random
from dataclasses import dataclass, field
from typing import Any

from triage_node.findings import LABELS, TYPES, Decision, Label, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.worklist import ReceivedInstance, Worklist

MODEL = ModelIdentity("net", "1", "ab")
NAMES = (
    "Berg^Anna",
    "Okafor^Chidi",
    "Rossi^Chiara",
    "Sato^Hiro",
    "Novak^Jana",
    "Silva^João",
    "Larsen^Mia",
    "Haddad^Omar",
)
STATIONS = ("CT_ER", "CT_STROKE", "CT_WARD")
DECISIONS = (Decision.NOT_FLAGGED,) * 6 + (Decision.UNCERTAIN, Decision.FLAGGED)


@dataclass
class Past:
    """A clock that this module winds up to now."""

    now: float

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Study:
    """One study of the past; without a decision it could not be analyzed."""

    number: int
    decision: Decision | None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        return f"2.25.77{self.number:05d}"


def fill(worklist: Worklist, past: Past, studies: list[Study], seconds_between: float, seed: int = 3) -> None:
    """Have studies arrive and be analyzed one after another; the last one is a moment ago."""
    rng = random.Random(seed)
    for study in studies:
        worklist.registration.register([_instance(study, past(), rng)])
        past.now += 100.0
        worklist.study_completion.advance()
        claim = worklist.claims.claim("history")
        assert claim is not None
        past.now += rng.uniform(2, 8)
        assert worklist.claims.finish(claim, _outcome(study, rng), [])
        past.now += max(0.0, seconds_between - 105)


def usual(count: int, seed: int = 3) -> list[Study]:
    """Return studies as they come: most without a finding, some that cannot be analyzed."""
    rng = random.Random(seed)
    return [Study(number, None if rng.random() < 0.06 else rng.choice(DECISIONS)) for number in range(count)]


def _instance(study: Study, now: float, rng: random.Random) -> ReceivedInstance:
    described = {
        "patient_name": rng.choice(NAMES),
        "patient_id": f"{rng.randrange(10**7):07d}",
        "accession_number": f"A{study.number:06d}",
        "study_description": rng.choice(["CT HEAD WITHOUT CONTRAST", "CT HEAD TRAUMA", "CT STROKE"]),
        "station_name": rng.choice(STATIONS),
        "calling_ae_title": "PACS",
    }
    return ReceivedInstance(
        study_instance_uid=study.uid, series_instance_uid=f"{study.uid}.1", sop_instance_uid=f"{study.uid}.1.1",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2", transfer_syntax_uid="1.2.840.10008.1.2.1", size_bytes=1000,
        received_at=now, modality="CT", eligible=True, **(described | study.more),
    )  # fmt: skip


def _outcome(study: Study, rng: random.Random) -> Outcome:
    seconds = {"read": rng.uniform(0.3, 2), "infer": rng.uniform(0.5, 1.5), "report": 0.1}
    if study.decision is None:
        reason = Reason.of(rng.choice([ReasonCode.NOT_HEAD, ReasonCode.LOCALIZER, ReasonCode.CONTRAST]))
        return Outcome(Status.UNSUITABLE, MODEL, reasons=(reason,), seconds=seconds)
    score = {Decision.FLAGGED: 0.93, Decision.UNCERTAIN: 0.5, Decision.NOT_FLAGGED: 0.06}[study.decision]
    kind = rng.choice(TYPES)
    probabilities = dict.fromkeys(LABELS, score / 8) | {kind: score * 0.95, Label.ANY: score}
    named = (kind, Label.ANY)
    return Outcome(
        Status.ANALYZED, MODEL, series_instance_uid=f"{study.uid}.1", decision=study.decision,
        probabilities=probabilities, flagged=named if study.decision is Decision.FLAGGED else (),
        uncertain=named if study.decision is Decision.UNCERTAIN else (), seconds=seconds,
    )  # fmt: skip
