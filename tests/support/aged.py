"""Studies in a spool and a worklist, each brought to where retention may or may not touch it."""

import json
from dataclasses import dataclass
from pathlib import Path

from triage_node.database import Part, StudyState
from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.retention import Pace, Retention, RetentionPolicy, TrustedClock
from triage_node.retention.policy import AgeRule
from triage_node.storage import Filing, ResultContent, Spool
from triage_node.storage.layout import hashed
from triage_node.worklist import ReceivedInstance, Worklist

MODEL = ModelIdentity("net", "1", "ab")
DESTINATION = "A@h:1"
DAY = 86_400.0
SIZE = 1000


def by_age(images: int, results: int = 0, rows: int = 0, **more: object) -> RetentionPolicy:
    """Return a policy in days; 0 keeps."""
    states = (StudyState.ANALYZED, StudyState.UNSUITABLE, StudyState.FAILED)
    days = {Part.IMAGES: images, Part.RESULTS: results, Part.ROWS: rows}
    rules = [AgeRule(part, dict.fromkeys(states, number)) for part, number in days.items() if number]
    return RetentionPolicy(tuple(rules), **more)  # type: ignore[arg-type]


@dataclass
class Ward:
    """A worklist and its spool; what happens goes through the node's own parts, but for the analysis."""

    worklist: Worklist
    spool: Spool
    clock: object
    report: bytes | None = b"report"

    def receive(self, uid: str, *numbers: int, series: str = "1", eligible: bool = True) -> None:
        """File and register instances as the indexer does, and file again what came back."""
        for number in numbers:
            instance = self.instance(uid, number, series, eligible)
            incoming = self.spool.keep([instance.sop_instance_uid.encode().ljust(SIZE)], uid, instance.sop_instance_uid)
            filing = self.spool.file(incoming, uid, instance.sop_instance_uid)
            registered = self.worklist.registration.register([instance])
            if registered.returned:
                filing = self.spool.file(incoming, uid, instance.sop_instance_uid)
            assert filing is not Filing.DUPLICATE or self.path(uid, instance.sop_instance_uid).exists()
            self.spool.forget(incoming)

    def instance(self, uid: str, number: int, series: str = "1", eligible: bool = True) -> ReceivedInstance:
        """Return what the worklist is told of an instance."""
        return ReceivedInstance(
            study_instance_uid=uid, series_instance_uid=f"{uid}.{series}", sop_instance_uid=f"{uid}.{series}.{number}",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2", transfer_syntax_uid="1.2.840.10008.1.2.1", size_bytes=SIZE,
            received_at=self.clock(), modality="CT" if eligible else "SR", eligible=eligible, patient_name="Berg^Anna",
            patient_id="17", calling_ae_title="PACS", instance_number=number,
        )  # fmt: skip

    def close(self) -> None:
        """Let the timers run out."""
        self.worklist.study_completion.advance()
        self.clock.forward(1000)
        self.worklist.study_completion.advance()

    def analyze(self, decision: Decision | None = Decision.FLAGGED, destinations: tuple[str, ...] = ()) -> str:
        """Analyze the study that is next; return its UID."""
        claim = self.worklist.claims.claim("w")
        assert claim is not None
        uid, now = claim.study_instance_uid, self.clock()
        report = f"2.25.{int(hashed(f'{uid} {claim.revision} {now}'), 16)}"
        outcome = outcome_of(f"{uid}.1", decision, report)
        noted = outcome.as_dict() | {"revision": claim.revision, "created_at": now}
        result = self.spool.result(uid, outcome.folder)
        reports = {} if self.report is None else {1: self.report}
        result.keep(ResultContent(noted, reports, slice_scores=json.dumps([]).encode()))
        assert self.worklist.claims.finish(claim, outcome, list(destinations))
        return uid

    def deliver(self) -> None:
        """Deliver what waits."""
        while (delivery := self.worklist.outbox.claim_next(DESTINATION)) is not None:
            self.worklist.outbox.delivered(delivery, "stored")

    def done(self, uid: str, count: int = 3, decision: Decision | None = Decision.FLAGGED) -> str:
        """Bring a study through: received, closed, analyzed, delivered."""
        self.receive(uid, *range(count))
        self.close()
        assert self.analyze(decision, (DESTINATION,)) == uid
        self.deliver()
        return uid

    def retention(self, policy: RetentionPolicy, pace: Pace | None = None) -> Retention:
        """Return the job."""
        clock = TrustedClock(self.clock, self.clock, patience_seconds=0.0)
        return Retention(self.worklist, self.spool, policy, pace or Pace(), clock)

    def path(self, uid: str, sop_instance_uid: str) -> Path:
        """Return where an instance lies."""
        return self.spool.layout.instance(uid, sop_instance_uid)

    def files(self, uid: str) -> set[str]:
        """Return the names of the files of received instances."""
        return {path.name for path in self.spool.instances(uid)}


def outcome_of(series: str, decision: Decision | None, report: str) -> Outcome:
    """Return what an analysis says; without a decision it could not be made."""
    if decision is None:
        reasons = (Reason.of(ReasonCode.NOT_HEAD),)
        return Outcome(Status.UNSUITABLE, MODEL, reasons=reasons, report_sop_instance_uid=report, folder=hashed(report))
    flagged = (Label.SUBDURAL, Label.ANY) if decision is Decision.FLAGGED else ()
    return Outcome(
        Status.ANALYZED, MODEL, series_instance_uid=series, decision=decision,
        probabilities=dict.fromkeys(LABELS, 0.5), flagged=flagged,
        report_sop_instance_uid=report, folder=hashed(report),
    )  # fmt: skip
