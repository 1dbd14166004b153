"""Outcomes found beside the pixels become rows again; nothing rebuilt is sent without a person's word."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from triage_node.worklist.database import Database
from triage_node.worklist.moves import restore
from triage_node.worklist.not_analyzed import write_reasons
from triage_node.worklist.outbox import add_deliveries
from triage_node.worklist.ranking import decide
from triage_node.worklist.rollups import count_outcome
from triage_node.worklist.schema import OutcomeRow, StudyRow
from triage_node.worklist.states import DeliveryState, StudyState

ACTOR = "rebuild"


class Rebuilding:
    """The last step of rebuilding the worklist: studies are registered already, their outcomes are restored here."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def restore(
        self, study_instance_uid: str, outcomes: Sequence[tuple[str, dict[str, Any]]], destinations: Sequence[str]
    ) -> None:
        """Write a study's stored outcomes, oldest first, and hold the study and its reports.

        Parameters
        ----------
        outcomes
            For each the folder it lies in and its content, as `Outcome.as_dict` made it, with ``created_at`` and
            ``revision``.
        """
        with self._database.write() as session:
            study = session.scalars(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid)).one()
            state, earlier = StudyState.RECEIVING, None
            for folder, outcome in outcomes:
                row = OutcomeRow(study_id=study.id, folder=folder, **outcome)
                session.add(row)
                session.flush()
                state = StudyState(row.status)
                if row.decision is not None:
                    decide(study, row)
                count_outcome(session, study, row, earlier)
                write_reasons(session, study, row)
                earlier = row
                study.analyzed_revision = study.revision
                add_deliveries(session, study.id, row, destinations, self._clock(), DeliveryState.HELD)
            restore(session, study, state, self._clock(), actor=ACTOR, message=f"{len(outcomes)} outcomes")
