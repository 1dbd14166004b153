"""The column a list is sorted by, where it is not in reading order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import QueryableAttribute, Session

from triage_node.database import StudyRow
from triage_node.errors import InvalidInput

ARRIVAL = "arrival"


@dataclass(frozen=True)
class Sort:
    """A column and a direction, written as ``patient`` or ``-patient``.

    Attributes
    ----------
    column
        ``patient`` (folded name), ``number`` (Patient ID), ``description``, ``station`` or ``arrival``.
    is_descending
        Whether the last comes first: of arrivals, the newest.

    Raises
    ------
    InvalidInput
        There is no such column.
    """

    column: str
    is_descending: bool = False

    def __post_init__(self) -> None:
        if self.column not in columns():
            raise InvalidInput(f"A list is sorted by {', '.join(columns())}, not by {self.column!r}.")

    @classmethod
    def read(cls, text: str) -> "Sort | None":
        """Return the sort that a text means; None, the list's own order, for an empty one."""
        return cls(text.removeprefix("-"), text.startswith("-")) if text else None

    def __str__(self) -> str:
        """Return what `read` reads."""
        return f"-{self.column}" if self.is_descending else self.column

    @property
    def reversed(self) -> "Sort":
        """The same column from its other end."""
        return Sort(self.column, not self.is_descending)

    def key(self, session: Session) -> ColumnElement[Any]:
        """Return what is sorted by: in the order of code points, as Python sorts, whatever the database's language is.

        A column in ``coalesce`` cannot tempt the planner to the index of all studies, read or not.
        """
        column = columns()[self.column]
        if self.column == ARRIVAL:
            return func.coalesce(column, 0.0)
        key = func.coalesce(column, "")
        return key.collate("C") if session.get_bind().dialect.name == "postgresql" else key

    def value(self, study: StudyRow) -> tuple[Any, int]:
        """Return what a study is sorted by; the earlier row goes first among equals."""
        return getattr(study, columns()[self.column].key), study.id

    def value_of(self, session: Session, study_id: int) -> tuple[Any, int]:
        """Return the same of the study that a page ended with.

        Raises
        ------
        InvalidInput
            It is not here any more.
        """
        found = session.scalar(select(columns()[self.column]).where(StudyRow.id == study_id))
        if found is None:
            raise InvalidInput("The study that the page before ended with was deleted; begin with the first page.")
        return found, study_id


def columns() -> Mapping[str, QueryableAttribute[Any]]:
    """Return what lists can be sorted by."""
    return {
        "patient": StudyRow.patient_name_folded,
        "number": StudyRow.patient_id,
        "description": StudyRow.study_description,
        "station": StudyRow.station_name,
        ARRIVAL: StudyRow.first_received_at,
    }
