"""Who analyzes which study: atomic claims with leases, and what came of them."""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from triage_node.database import Database, StudyRow, StudyState
from triage_node.findings import ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.storage import ResultObject
from triage_node.worklist.claim import MOST_INTERRUPTIONS, Claim, claim_of, claimed_study, has_grown
from triage_node.worklist.outbox.outbox import add_deliveries
from triage_node.worklist.outbox.routing import Routing
from triage_node.worklist.outbox.schedule import Schedule
from triage_node.worklist.outcome_writing import ACTOR, write_outcome
from triage_node.worklist.quiet_time import LEASE_LOOKS, Stillness
from triage_node.worklist.transitions import move
from triage_node.worklist.uploads.uploads import StoredPart, Uploads
from triage_node.worklist.workitems.priority_changes import add_priority_changes


class Claims:
    """Hand out studies to workers and write what they found."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        lease_seconds: float,
        attempts: int,
        steady: Callable[[], float],
        routing: Routing,
        schedule: Schedule,
        priority_servers: Sequence[str] = (),
        uploads: Uploads | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._attempts = attempts
        self._routing = routing
        self._schedule = schedule
        self._priority_servers = priority_servers
        self._uploads = uploads
        self._renewed: Stillness[tuple[int, str]] = Stillness(clock, steady, lease_seconds / LEASE_LOOKS)

    def claim(self, worker: str, but: Collection[str] = ()) -> Claim | None:
        """Claim the study that is next: the priority that came with it, then its arrival.

        One that another machine has files of which are not in the bucket yet is left to that.

        Parameters
        ----------
        but
            Studies that are not claimed, by UID.
        """
        wanted = [StudyRow.state == StudyState.READY]
        if self._uploads is not None:
            wanted += self._uploads.reachable(StudyRow.id)
        if but:
            wanted.append(StudyRow.study_instance_uid.not_in(but))
        with self._database.read() as session:
            if not session.scalar(select(exists().where(*wanted))):
                return None
        with self._database.write() as session:
            order = (StudyRow.priority.desc(), StudyRow.first_received_at, StudyRow.id)
            ready = select(StudyRow).where(*wanted).order_by(*order).limit(1)
            study = session.scalar(ready.with_for_update(skip_locked=True))
            if study is None:
                return None
            move(session, study, StudyState.ANALYZING, self._clock(), actor=worker, code="claimed")
            study.claimed_by = worker
            study.lease_until = self._clock() + self._lease_seconds
            study.attempts += 1
            return claim_of(session, study, worker, exhausted=study.attempts > self._attempts)

    def renew(self, claim: Claim) -> bool:
        """Prolong a lease; False when the study was taken away."""
        with self._database.write() as session:
            study = claimed_study(session, claim)
            if study is None:
                return False
            study.lease_until = self._clock() + self._lease_seconds
            return True

    def finish(
        self, claim: Claim, outcome: Outcome, destinations: Sequence[str], results: Sequence[ResultObject] = ()
    ) -> bool:
        """Write an outcome and put its report into the outbox.

        The outcome counts only if what it was computed from is still what the node has: the lease was kept and the
        analyzed series got no further image. Images of other series that came meanwhile reopen the study, but do not
        hold back a finding. A study that is not complete yet is not called unsuitable.

        Parameters
        ----------
        results
            The objects in the folder of the outcome.

        Returns
        -------
        bool
            Whether the outcome was taken.
        """
        with self._database.write() as session:
            study = claimed_study(session, claim)
            if study is None:
                return False
            changed = study.revision != claim.revision
            if outcome.status is Status.FAILED:
                return self._fail(session, study, outcome, destinations, results=results)
            study.attempts = study.interruptions = 0  # only tries that failed in a row give a study up
            if outcome.status is Status.UNSUITABLE and (changed or not claim.closed):
                study.analyzed_revision = claim.revision
                self._give_back(session, study, "not_suitable_yet", _codes(outcome))
                return False
            if has_grown(session, study, claim, outcome.series_instance_uid):
                self._give_back(session, study, "superseded", "the analyzed series got more images")
                return False
            self._write(session, study, claim.revision, outcome, destinations, results)
            if changed:
                self._give_back(session, study, "late_images")
            else:
                self._move(session, study, StudyState(outcome.status), "finished", _codes(outcome))
            return True

    def release_expired(self) -> list[str]:
        """Return the studies whose lease was not renewed for its time to the queue; tell whose they were."""
        leased = select(StudyRow.id, StudyRow.claimed_by, StudyRow.lease_until)
        with self._database.read() as session:
            rows = session.execute(leased.where(StudyRow.state == StudyState.ANALYZING)).all()
        leases = {(row.id, row.claimed_by or ""): row.lease_until or 0.0 for row in rows}
        still = self._renewed.look({key: until - self._lease_seconds for key, until in leases.items()})
        workers = []
        for (study_id, worker), seconds in still.items():
            if seconds > self._lease_seconds:
                is_it = StudyRow.id == study_id, StudyRow.lease_until == leases[study_id, worker]
                workers += self._release(*is_it, code="lease_expired", end=self._count_try)
        return workers

    def release_worker(self, worker: str) -> list[str]:
        """Return the study of a worker that died to the queue; that counts as a try."""
        return self._release(StudyRow.claimed_by == worker, code="worker_died", end=self._count_try)

    def give_back(self, worker: str, code: str = "node_stopped") -> list[str]:
        """Return the study of a worker that was ended, or could not go on, to the queue as if it had not begun."""
        return self._release(StudyRow.claimed_by == worker, code=code, end=self._undo)

    def release_node(self, node: str) -> list[str]:
        """Return the studies to the queue that the workers of a node, named ``NODE:…``, had when it was cut off.

        It was not the study that ended the node, as far as anyone knows; only one that is there each time is given up.
        """
        whose = StudyRow.claimed_by.startswith(f"{node}:", autoescape=True)
        return self._release(whose, code="node_stopped", end=self._count_interruption)

    def release_all(self) -> list[str]:
        """Return all studies to the queue that anybody has: no node lives that could have one."""
        return self._release(code="node_stopped", end=self._count_interruption)

    def _release(
        self, *whose: ColumnElement[bool], code: str, end: Callable[[Session, StudyRow, str], None]
    ) -> list[str]:
        conditions = (StudyRow.state == StudyState.ANALYZING, *whose)
        with self._database.read() as session:
            if not session.scalar(select(exists().where(*conditions))):
                return []
        with self._database.write() as session:
            order = select(StudyRow).where(*conditions).order_by(StudyRow.id)
            studies = session.scalars(order.with_for_update()).all()
            workers = [study.claimed_by or "" for study in studies]
            for study in studies:
                end(session, study, code)
            return workers

    def _count_try(self, session: Session, study: StudyRow, code: str) -> None:
        # A worker takes it once more after the last try, to report that it could not be analyzed.
        self._fail(session, study, _cut_off(code), (), code=code, attempts=self._attempts + 1)

    def _undo(self, session: Session, study: StudyRow, code: str) -> None:
        study.attempts = max(study.attempts - 1, 0)
        self._move(session, study, StudyState.READY, code, _message(_cut_off(code)))

    def _count_interruption(self, session: Session, study: StudyRow, code: str) -> None:
        study.interruptions += 1
        if study.interruptions < MOST_INTERRUPTIONS:
            self._undo(session, study, code)
        elif study.interruptions == MOST_INTERRUPTIONS:
            study.attempts = self._attempts  # the next claim is the one that only reports
            self._move(session, study, StudyState.READY, code, _message(_cut_off(code)))
        else:
            self._fail(session, study, _cut_off(code), (), code=code, attempts=-1)

    def _fail(
        self,
        session: Session,
        study: StudyRow,
        outcome: Outcome,
        destinations: Sequence[str],
        code: str = "error",
        attempts: int = 0,
        results: Sequence[ResultObject] = (),
    ) -> bool:
        message = _message(outcome)
        if study.attempts < (attempts or self._attempts):
            self._move(session, study, StudyState.READY, code, message)
            return False
        self._write(session, study, study.revision, outcome, destinations, results)
        self._move(session, study, StudyState.FAILED, code, message)
        return True

    def _give_back(self, session: Session, study: StudyRow, code: str, message: str = "") -> None:
        """Have it analyzed again: when more has come, or at once when it was found complete meanwhile."""
        to = StudyState.READY if study.closed_at is not None else StudyState.RECEIVING
        self._move(session, study, to, code, message)

    def _write(
        self,
        session: Session,
        study: StudyRow,
        revision: int,
        outcome: Outcome,
        destinations: Sequence[str],
        results: Sequence[ResultObject],
    ) -> None:
        now = self._clock()
        row = write_outcome(session, study, revision, outcome, results, now)
        if self._uploads is not None and outcome.folder is not None:
            self._uploads.note(session, [study.id], StoredPart.RESULTS)
        chosen = self._routing.chosen(session, study, row, destinations, now)
        add_deliveries(session, study.id, row, chosen, now, schedule=self._schedule)
        add_priority_changes(session, study, row, self._priority_servers, now)

    def _move(self, session: Session, study: StudyRow, to: StudyState, code: str, message: str = "") -> None:
        actor = study.claimed_by or ACTOR
        move(session, study, to, self._clock(), actor=actor, code=code, message=message)


def _cut_off(code: str) -> Outcome:
    reason = Reason.of(ReasonCode.ANALYSIS_FAILED, f"({code})")
    return Outcome(Status.FAILED, ModelIdentity("", "", ""), reasons=(reason,))


def _message(outcome: Outcome) -> str:
    return "; ".join(reason.message for reason in outcome.reasons)


def _codes(outcome: Outcome) -> str:
    return ", ".join(reason.code for reason in outcome.reasons) or str(outcome.decision or "")
