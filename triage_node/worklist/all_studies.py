"""All studies, newest first, and those that a text finds; each page is answered from an index."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, Select, column, literal_column, select, table, text, tuple_
from sqlalchemy.orm import Session

from triage_node.database import StudyRow, decode, encode, fts5_query, query_words, start_of, tsquery
from triage_node.errors import InvalidInput
from triage_node.worklist.filters import Filters
from triage_node.worklist.not_analyzed import of_reason

# So many studies with one beginning of a UID are looked at; whoever types a manufacturer's root does not look for one.
MOST_OF_ONE_UID = 1000
TEXT = table("study_text", column("rowid"))
AFTER_ALL_UIDS = "~"


def studies_page(
    session: Session, filters: Filters, after: str | None, limit: int, *, is_oldest_first: bool = False
) -> tuple[list[StudyRow], str | None]:
    """Return the next studies and the cursor for those after them; with a text, those registered last come first.

    Raises
    ------
    InvalidInput
        The oldest are to come first of what a text or a reason finds, which comes in one order.
    """
    if is_oldest_first and not may_be_oldest_first(filters):
        raise InvalidInput("What a text or a reason finds comes the newest first.")
    if filters.text.strip():
        return _found_by_text(session, filters, after, limit)
    place = None if after is None else decode(after, 2)
    if filters.reason:
        parts = _by_reason(session, filters, place, limit)
    else:
        parts = _by_range(session, filters, place, limit, is_oldest_first)
    # A study with two of the reasons asked for comes twice, next to itself.
    merged = heapq.merge(*parts, key=_by_arrival if is_oldest_first else _newest_first)
    found = [next(same) for _, same in groupby(merged, key=_newest_first)]
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], encode(last.first_received_at, last.id)


def may_be_oldest_first(filters: Filters) -> bool:
    """Tell whether all studies under some filters are found from either end."""
    return not filters.reason and not filters.text.strip()


def _by_reason(
    session: Session, filters: Filters, place: tuple[float, ...] | None, limit: int
) -> list[Sequence[StudyRow]]:
    start = None if filters.received_from is None else start_of(filters.received_from)
    end = None if filters.received_to is None else start_of(filters.received_to + timedelta(days=1))
    conditions = list(filters.conditions(without="reason", by_arrival=False))
    queries = (of_reason(code, start, end, place).where(*conditions) for code in filters.reason)
    return [session.scalars(query.limit(limit + 1)).all() for query in queries]


def _by_range(
    session: Session, filters: Filters, place: tuple[float, ...] | None, limit: int, is_oldest_first: bool
) -> list[Sequence[StudyRow]]:
    driving = filters.driving
    conditions = list(filters.conditions(without=driving))
    here = tuple_(StudyRow.first_received_at, StudyRow.id)
    if place is not None:
        conditions.append(here > place if is_oldest_first else here < place)
    order = [one if is_oldest_first else one.desc() for one in (StudyRow.first_received_at, StudyRow.id)]
    return [
        session.scalars(select(StudyRow).where(*bounds, *conditions).order_by(*order).limit(limit + 1)).all()
        for bounds in filters.ranges(driving)
    ]


def _by_arrival(study: StudyRow) -> tuple[float, int]:
    return study.first_received_at, study.id


def _newest_first(study: StudyRow) -> tuple[float, int]:
    return -study.first_received_at, -study.id


def _found_by_text(
    session: Session, filters: Filters, after: str | None, limit: int
) -> tuple[list[StudyRow], str | None]:
    words, uids = query_words(filters.text)
    if not words and not uids:
        return [], None
    place = None if after is None else int(decode(after, 1)[0])
    if uids:
        query = _by_uid(session, uids, words, place)
    elif session.get_bind().dialect.name == "sqlite":
        query = _by_fts5(words, place)
    else:
        query = _by_gin(words, place)
    found = list(session.scalars(query.where(*filters.conditions(by_arrival=False)).limit(limit + 1)))
    if len(found) <= limit:
        return found, None
    return found[:limit], encode(found[limit - 1].id)


def _by_fts5(words: list[str], place: int | None) -> Select[StudyRow]:
    # The rowids come out of FTS5 in descending order, one at a time: a word that every study has costs no more than
    # a page, as long as no condition tempts SQLite to begin with the studies (`Filters.conditions`).
    query = (
        select(StudyRow)
        .select_from(TEXT)
        .join(StudyRow, text("study.id = study_text.rowid"))
        .where(literal_column("study_text").op("MATCH")(fts5_query(words)))
        .order_by(TEXT.c.rowid.desc())
    )
    return query if place is None else query.where(TEXT.c.rowid < place)


def _by_gin(words: list[str], place: int | None) -> Select[StudyRow]:
    query = (
        select(StudyRow)
        .where(
            text("array_to_tsvector(string_to_array(study.search_text, ' ')) @@ CAST(:words AS tsquery)").bindparams(
                words=tsquery(words)
            )
        )
        .order_by(StudyRow.id.desc())
    )
    return query if place is None else query.where(StudyRow.id < place)


def _by_uid(session: Session, uids: list[str], words: list[str], place: int | None) -> Select[StudyRow]:
    uid: ColumnElement[str] = StudyRow.study_instance_uid.expression
    if session.get_bind().dialect.name == "postgresql":
        uid = StudyRow.study_instance_uid.collate("C")
    first, *others = uids
    alike = select(StudyRow.id).where(uid >= first, uid < first + AFTER_ALL_UIDS).limit(MOST_OF_ONE_UID)
    query = select(StudyRow).where(StudyRow.id.in_(alike), *_contain(words, others)).order_by(StudyRow.id.desc())
    return query if place is None else query.where(StudyRow.id < place)


def _contain(words: list[str], uids: list[str]) -> Iterator[ColumnElement[bool]]:
    for word in words:
        yield (" " + StudyRow.search_text).contains(f" {word}", autoescape=True)
    for uid in uids:
        yield StudyRow.study_instance_uid.startswith(uid, autoescape=True)
