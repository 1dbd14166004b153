"""Studies found in the spool become rows again; nothing rebuilt is sent without a person's word."""

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import Database, DeliveryState, OutcomeRow, StudyRow, StudyState, decide
from triage_node.errors import RowRefused
from triage_node.findings import Decision
from triage_node.statistics import count_outcome
from triage_node.worklist.not_analyzed import write_reasons
from triage_node.worklist.outbox.outbox import add_deliveries
from triage_node.worklist.outbox.routing import Routing
from triage_node.worklist.registration import ReceivedInstance, Registration
from triage_node.worklist.results import list_results
from triage_node.worklist.retention.deleted_study import DeletedStudy, note_deleted
from triage_node.worklist.stored_outcome import StoredOutcome
from triage_node.worklist.transitions import restore

ACTOR = "rebuild"


class _NotWanted(Exception):
    """Ends a transaction that was a question."""


class Rebuilding:
    """Write a study and its stored outcomes in one transaction: after a kill it is there whole, or not at all."""

    def __init__(
        self, database: Database, clock: Callable[[], float], registration: Registration, routing: Routing
    ) -> None:
        self._database = database
        self._clock = clock
        self._registration = registration
        self._routing = routing

    def has(self, study_instance_uid: str) -> bool:
        """Tell whether the worklist has a study already."""
        with self._database.read() as session:
            return _study(session, study_instance_uid) is not None

    def takes(self, instance: ReceivedInstance) -> bool:
        """Tell whether the database takes an instance by itself; nothing is written."""
        try:
            with self._database.write() as session:
                self._registration.add(session, [instance])
                session.flush()
                raise _NotWanted
        except _NotWanted:
            return True
        except RowRefused:
            return False

    def restore(
        self,
        instances: Sequence[ReceivedInstance],
        outcomes: Sequence[StoredOutcome],
        destinations: Sequence[str],
        deleted: DeletedStudy | None = None,
    ) -> None:
        """Write a study that the worklist does not have, and hold it and its reports.

        Parameters
        ----------
        instances
            All of one study that are here.
        outcomes
            In any order; a damaged one is shown as an analysis that failed.
        deleted
            What was noted when its images were deleted.

        Raises
        ------
        StorageError
            The database refused; nothing of the study was written.
        """
        with self._database.write() as session:
            gone = _gone(instances, deleted)
            every = sorted([*instances, *gone], key=lambda instance: instance.received_at)
            self._registration.add(session, every)
            study = _study(session, every[0].study_instance_uid)
            assert study is not None
            self._registration.note_results(session, study)
            if deleted is not None:
                note_deleted(session, study, deleted, {one.sop_instance_uid for one in gone})
            state = StudyState.RECEIVING
            earlier: OutcomeRow | None = None
            for outcome in sorted(outcomes, key=lambda outcome: outcome.created_at):
                row = outcome.row(study.id, study.revision)
                self._add(session, study, row, earlier, destinations)
                if row.folder is not None:
                    list_results(session, study, outcome.result.objects(), row.created_at)
                state, earlier = StudyState(row.status), row
            restore(session, study, state, self._clock(), actor=ACTOR, message=f"{len(outcomes)} outcomes")
            study.held = study.has_images  # without images nothing can be analyzed, and so nothing is to be held back

    def _add(
        self,
        session: Session,
        study: StudyRow,
        row: OutcomeRow,
        earlier: OutcomeRow | None,
        destinations: Sequence[str],
    ) -> None:
        session.add(row)
        session.flush()
        if row.decision is not None:
            decide(study, row)
        elif row.folder is None and study.decision == Decision.NOT_FLAGGED:
            study.decision = None  # what the damaged outcome said is not known; it may have flagged the study
        count_outcome(session, study, row, earlier)
        write_reasons(session, study, row)
        study.analyzed_revision = study.revision
        if study.results_deleted_at is not None:
            return
        chosen = self._routing.chosen(session, study, row, destinations, self._clock())
        add_deliveries(session, study.id, row, chosen, self._clock(), DeliveryState.HELD)


def _gone(instances: Sequence[ReceivedInstance], deleted: DeletedStudy | None) -> list[ReceivedInstance]:
    """Return those that were deleted and have not come again."""
    here = {one.key for one in instances}
    return [one for one in deleted.instances if one.key not in here] if deleted is not None else []


def _study(session: Session, study_instance_uid: str) -> StudyRow | None:
    return session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid))
