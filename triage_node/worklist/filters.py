"""What a list of studies is narrowed down to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_
from sqlalchemy.orm import QueryableAttribute

from triage_node.database import Rank, StudyRow, StudyState, checked_day, start_of
from triage_node.errors import InvalidInput
from triage_node.findings import LABELS, Decision
from triage_node.reasons import ReasonCode
from triage_node.worklist.not_analyzed import has_reason

NO_DECISION = "none"
ALLOWED: Mapping[str, frozenset[str]] = {
    "state": frozenset(StudyState),
    "decision": frozenset(Decision) | {NO_DECISION},
    "hemorrhage": frozenset(LABELS),
    "reason": frozenset(ReasonCode),
}
LONGEST_VALUE = 256
OF_OTHERS = (ReasonCode.NOT_CT, ReasonCode.NOT_HEAD)
# Which filter's index is worth most: the one that leaves fewest studies comes first.
DRIVING = ("reason", "station", "calling_ae_title", "decision", "state")


@dataclass(frozen=True)
class Filters:
    """Conditions that all have to be met; of several values of one filter any is enough.

    Attributes
    ----------
    state, decision, hemorrhage, reason
        `StudyState`; `Decision` or ``none``; a flagged type; why the latest analysis gave no answer.
    station, calling_ae_title
        Station Name (0008,1010) and who sent the study.
    received_from, received_to
        Local days, both included.
    acknowledged, urgent
        None does not ask.
    others
        Whether to list what is not for this node: certainly no CT or no head, and not urgent. None lists it as well,
        True nothing else.
    text
        Beginnings of words of the patient's name and ID, the accession number, the study's description or UID.

    Raises
    ------
    InvalidInput
        A value is none of those allowed.
    """

    state: tuple[str, ...] = ()
    decision: tuple[str, ...] = ()
    hemorrhage: tuple[str, ...] = ()
    station: tuple[str, ...] = ()
    calling_ae_title: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    received_from: date | None = None
    received_to: date | None = None
    acknowledged: bool | None = None
    urgent: bool | None = None
    text: str = ""
    others: bool | None = None

    def __post_init__(self) -> None:
        for name, allowed in ALLOWED.items():
            for value in getattr(self, name):
                if value not in allowed:
                    raise InvalidInput(f"{name} {value!r} is none of {', '.join(sorted(allowed))}.")
        for value in (*self.station, *self.calling_ae_title, self.text):
            if len(value) > LONGEST_VALUE or "\0" in value:
                raise InvalidInput(f"A filter is longer than {LONGEST_VALUE} characters or holds a null character.")
        for day in (self.received_from, self.received_to):
            if day is not None:
                checked_day(day)

    @property
    def driving(self) -> str | None:
        """The filter by whose index the studies are found; None finds them by arrival."""
        # Where nearly all was read, what was not is found by its place in the reading order, as flagged studies are.
        others = self.reason or self.station or self.calling_ae_title or self.state
        if self.acknowledged is False and not others and self.decision in ((), (Decision.FLAGGED,)):
            return "acknowledged"
        return next((name for name in DRIVING if getattr(self, name)), None)

    def conditions(self, without: str | None = None, by_arrival: bool = True) -> Iterator[ColumnElement[bool]]:
        """Return the conditions of all filters but the text and the one that drives.

        A column in ``coalesce`` cannot tempt the planner to another index than the one that gives the order.
        """
        arrival = StudyRow.first_received_at if by_arrival else func.coalesce(StudyRow.first_received_at, 0.0)
        for name, column in columns().items():
            if (values := getattr(self, name)) and name != without:
                yield func.coalesce(column, NO_DECISION).in_(values)
        if self.hemorrhage:
            yield or_(*(StudyRow.flagged_types.contains(f",{label},") for label in self.hemorrhage))
        if self.reason and without != "reason":
            yield has_reason(self.reason)
        if self.received_from is not None:
            yield arrival >= start_of(self.received_from)
        if self.received_to is not None:
            yield arrival < start_of(self.received_to + timedelta(days=1))
        if self.acknowledged is not None and without != "acknowledged":
            yield StudyRow.acknowledged_at.is_not(None) if self.acknowledged else StudyRow.acknowledged_at.is_(None)
        if self.urgent is not None:
            yield (StudyRow.priority > 0) == self.urgent
        if self.others is not None:
            yield _is_for_others() if self.others else not_(_is_for_others())

    def ranges(self, name: str | None) -> Iterator[tuple[ColumnElement[bool], ...]]:
        """Return the index ranges that hold the studies a filter asks for, one for each of its values."""
        if name is None:
            yield ()
            return
        if name == "acknowledged":
            for rank in (Rank.FIRST,) if self.decision else (Rank.FIRST, Rank.UNCERTAIN, Rank.REST):
                yield from ((StudyRow.open_rank == rank, StudyRow.unfinished == unfinished) for unfinished in (0, 1))
            return
        column = columns()[name]
        for value in getattr(self, name):
            yield (column.is_(None) if name == "decision" and value == NO_DECISION else column == value,)


def _is_for_others() -> ColumnElement[bool]:
    is_unsuitable = func.coalesce(StudyRow.state, "") == StudyState.UNSUITABLE
    return and_(is_unsuitable, StudyRow.priority == 0, has_reason(OF_OTHERS))


def columns() -> Mapping[str, QueryableAttribute[Any]]:
    """Return the column of each filter that has one."""
    return {
        "state": StudyRow.state,
        "decision": StudyRow.decision,
        "station": StudyRow.station_name,
        "calling_ae_title": StudyRow.calling_ae_title,
    }
