"""The open studies sorted by a column: they are few, and looked through from the index of the reading order."""

import heapq
from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from triage_node.database import Rank, StudyRow, decode, encode
from triage_node.worklist.filters import Filters
from triage_node.worklist.listing.sort import Sort
from triage_node.worklist.open_studies import still_listed, text_conditions

OPEN_RANKS = (Rank.FIRST, Rank.UNCERTAIN, Rank.REST)
Conditions = tuple[ColumnElement[bool], ...]


def sorted_open_page(
    session: Session, filters: Filters, sort: Sort, after: str | None, now: float, limit: int, since_seconds: float
) -> tuple[list[StudyRow], str | None]:
    """Return the next open studies in the order of a column, and the cursor for those after them."""
    pinned, study_id = (now, None) if after is None else decode(after, 2)
    pinned = min(pinned, now)
    key = sort.key(session)
    order = (key.desc(), StudyRow.id.desc()) if sort.is_descending else (key, StudyRow.id)
    beyond = [] if study_id is None else [_beyond(session, sort, int(study_id))]
    parts = [
        session.scalars(select(StudyRow).where(*part, *beyond).order_by(*order).limit(limit + 1)).all()
        for part in _parts(filters, pinned - since_seconds)
    ]
    found = list(heapq.merge(*parts, key=sort.value, reverse=sort.is_descending))[: limit + 1]
    return (found, None) if len(found) <= limit else (found[:limit], encode(pinned, found[limit - 1].id))


def count_open(session: Session, filters: Filters, since: float) -> int:
    """Return how many open studies there are."""
    counts = (
        session.scalar(select(func.count()).select_from(StudyRow).where(*part)) or 0 for part in _parts(filters, since)
    )
    return sum(counts)


def _parts(filters: Filters, since: float) -> Iterator[Conditions]:
    """Return the conditions of each range of the index that holds open studies."""
    conditions = [*filters.conditions(), *text_conditions(filters.text)]
    for rank in OPEN_RANKS:
        for bounds in still_listed(since):
            yield (StudyRow.open_rank == rank, *bounds, *conditions)


def _beyond(session: Session, sort: Sort, study_id: int) -> ColumnElement[bool]:
    here, last = tuple_(sort.key(session), StudyRow.id), sort.value_of(session, study_id)
    return here < last if sort.is_descending else here > last
