"""What a person may do to a study."""

from collections.abc import Callable

from sqlalchemy import select

from triage_node.errors import IllegalMove, StudyNotFound
from triage_node.worklist.database import Database
from triage_node.worklist.moves import move
from triage_node.worklist.schema import StudyRow
from triage_node.worklist.states import StudyState


class People:
    """Changes on a person's word; each leaves an event with their name."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def requeue(self, study_instance_uid: str, actor: str) -> None:
        """Put a study back in the queue, whatever came of it before.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        IllegalMove
            The study is in the queue or being analyzed already.
        """
        with self._database.write() as session:
            study = session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid))
            if study is None:
                raise StudyNotFound(f"The worklist has no study {study_instance_uid}.")
            if study.state in (StudyState.READY, StudyState.ANALYZING):
                raise IllegalMove(f"The study is {study.state} already.")
            study.attempts, study.held = 0, False
            study.closed_at = study.closed_at or self._clock()
            move(session, study, StudyState.READY, self._clock(), actor=actor, code="requeued")
