"""The open studies in reading order, each page answered from one index however many studies there are."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from triage_node.database import Rank, StudyRow, decode, encode, query_words
from triage_node.worklist.filters import Filters


@dataclass(frozen=True)
class Place:
    """Where in the reading order a page ends.

    ``now`` is the time of the first page: a study that becomes overdue while someone turns pages is not shown twice.
    """

    now: float
    section: int = 0
    arrival: float | None = None
    study_id: int = 0

    @classmethod
    def read(cls, cursor: str | None, now: float) -> "Place":
        """Return the place a cursor means, or the beginning."""
        if cursor is None:
            return cls(now)
        pinned, section, arrival, study_id = decode(cursor, 4)
        return cls(min(pinned, now), int(section), arrival, int(study_id))

    def cursor(self, section: int, last: StudyRow) -> str:
        """Return the cursor of a page that ends with a study."""
        return encode(self.now, section, last.first_received_at, last.id)


def open_studies_page(
    session: Session, filters: Filters, place: Place, limit: int, since_seconds: float, maximum_wait_seconds: float
) -> tuple[list[StudyRow], str | None]:
    """Return the next open studies and the cursor for those after them.

    The reading order is that of `Group`: four sections, each ordered by arrival.
    """
    overdue = StudyRow.first_received_at <= place.now - maximum_wait_seconds
    sections: tuple[tuple[tuple[int, ...], tuple[ColumnElement[bool], ...]], ...] = (
        ((Rank.FIRST,), ()),
        ((Rank.UNCERTAIN, Rank.REST), (overdue,)),
        ((Rank.UNCERTAIN,), (StudyRow.first_received_at > place.now - maximum_wait_seconds,)),
        ((Rank.REST,), (StudyRow.first_received_at > place.now - maximum_wait_seconds,)),
    )
    conditions = [*filters.conditions(), *text_conditions(filters.text)]
    found: list[StudyRow] = []
    for number, (ranks, times) in enumerate(sections):
        if number < place.section:
            continue
        wanted = limit + 1 - len(found)
        start = place if number == place.section else Place(place.now)
        parts = [
            _part(session, (StudyRow.open_rank == rank, *bounds, *times, *conditions), start, wanted)
            for rank in ranks
            for bounds in still_listed(place.now - since_seconds)
        ]
        found += list(heapq.merge(*parts, key=_by_arrival))[:wanted]
        if len(found) > limit:
            last = found[limit - 1]
            return found[:limit], place.cursor(_section(last, place.now - maximum_wait_seconds), last)
    return found, None


def still_listed(since: float) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Return the index ranges of one rank: what is not finished, and what came since."""
    yield (StudyRow.unfinished == 1,)
    yield StudyRow.unfinished == 0, StudyRow.first_received_at >= since


def _part(session: Session, conditions: tuple[ColumnElement[bool], ...], start: Place, limit: int) -> list[StudyRow]:
    query = select(StudyRow).where(*conditions).order_by(StudyRow.first_received_at, StudyRow.id).limit(limit)
    if start.arrival is not None:
        query = query.where(tuple_(StudyRow.first_received_at, StudyRow.id) > (start.arrival, start.study_id))
    return list(session.scalars(query))


def _by_arrival(study: StudyRow) -> tuple[float, int]:
    return study.first_received_at, study.id


def _section(study: StudyRow, overdue_before: float) -> int:
    if study.open_rank != Rank.FIRST and study.first_received_at <= overdue_before:
        return Rank.OVERDUE
    return study.open_rank if study.open_rank is not None else Rank.REST


def text_conditions(text: str) -> Iterator[ColumnElement[bool]]:
    """Return the conditions of a text: open studies are few, and looked through, which needs no second index."""
    if not text.strip():
        return
    words, uids = query_words(text)
    if not words and not uids:
        yield StudyRow.id < 0
    for word in words:
        yield (" " + StudyRow.search_text).contains(f" {word}", autoescape=True)
    for uid in uids:
        yield StudyRow.study_instance_uid.startswith(uid, autoescape=True)
