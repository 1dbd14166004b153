"""Which result of a study goes to which destination, by the rules of the settings."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.database import Database, OutcomeRow, StudyRow, latest_outcome
from triage_node.endpoints import NOT_ANALYZED, Destination, RoutedResult
from triage_node.errors import StudyNotFound
from triage_node.worklist.transitions import record

ACTOR = "delivery"


@dataclass(frozen=True)
class Route:
    """Whether a study's result goes to a destination.

    ``unmet`` names for each rule the conditions that the result does not meet; it is empty when it goes there.
    ``is_open`` tells that there is no result yet, so that conditions on what it finds are taken for met.
    """

    destination: str
    unmet: tuple[tuple[str, ...], ...]
    is_open: bool

    @property
    def goes(self) -> bool:
        """Whether it goes there."""
        return not self.unmet


class Routing:
    """Apply the rules of each destination; one that is not among them has none."""

    def __init__(self, database: Database, destinations: Sequence[Destination]) -> None:
        self._database = database
        self.use(destinations)

    def use(self, destinations: Sequence[Destination]) -> None:
        """Go by the rules of other destinations from now on."""
        self._destinations = {one.name: one for one in destinations}

    def chosen(
        self, session: Session, study: StudyRow, outcome: OutcomeRow, names: Sequence[str], at: float
    ) -> list[str]:
        """Return the destinations among some that a result goes to; those it does not go to leave an event."""
        routes = [self._route(name, study, outcome) for name in names]
        left_out = [route for route in routes if not route.goes]
        if left_out and outcome.report_sop_instance_uid is not None:
            message = "; ".join(f"{route.destination}: {explained(route)}" for route in left_out)
            record(session, study.id, at, actor=ACTOR, code="delivery_not_wanted", message=message)
        return [route.destination for route in routes if route.goes]

    def routes(self, study_instance_uid: str) -> list[Route]:
        """Return for each destination whether the latest result of a study goes there.

        Raises
        ------
        StudyNotFound
            The worklist has no such study.
        """
        with self._database.read() as session:
            study = session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid))
            if study is None:
                raise StudyNotFound(f"The worklist has no study {study_instance_uid}.")
            outcome = latest_outcome(session, study.id)
            return [self._route(name, study, outcome) for name in self._destinations]

    def _route(self, name: str, study: StudyRow, outcome: OutcomeRow | None) -> Route:
        destination = self._destinations.get(name)
        unmet = destination.unmet(_result(study, outcome)) if destination is not None else []
        return Route(name, tuple(map(tuple, unmet)), outcome is None)


def explained(route: Route) -> str:
    """Return in words why a result does not go to a destination; without what is written in the study."""
    rules = [f"rule {number} wants another {' and '.join(names)}" for number, names in enumerate(route.unmet, start=1)]
    return ", ".join(rules)


def _result(study: StudyRow, outcome: OutcomeRow | None) -> RoutedResult:
    origin = (study.station_name, study.study_description, study.calling_ae_title)
    if outcome is None:
        return RoutedResult(None, None, *origin)
    return RoutedResult(outcome.decision or NOT_ANALYZED, frozenset([*outcome.flagged, *outcome.uncertain]), *origin)
