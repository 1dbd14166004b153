"""What DICOMweb searches the worklist for: studies, series and instances by their attributes (PS3.18 10.6)."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Connection, RowMapping, ScalarResult, Select, bindparam, func, select
from sqlalchemy.orm import Session

from triage_node.database import Database
from triage_node.search.attributes import Attribute, Level
from triage_node.search.exact import FEW, rows_of
from triage_node.search.matching import LITERAL, SERIES, STUDY, Match, Rules, match
from triage_node.search.selection import by_date, everything, newest

MOST_COUNTED = 10_000
"""Counting a million would take longer than the answer."""

COUNTED = (
    select(SERIES.study_id, SERIES.modality, func.count(), func.sum(SERIES.instance_count))
    .where(SERIES.study_id.in_(bindparam("ids", expanding=True)))
    .group_by(SERIES.study_id, SERIES.modality)
)

Found = dict[str, Any]
"""Values by keyword: an answer of DICOMweb has whatever attributes it was asked for."""


@dataclass(frozen=True)
class Question:
    """What is searched for.

    Attributes
    ----------
    keys
        Pairs of an attribute and the value it must match.
    """

    level: Level
    keys: Sequence[tuple[Attribute, str]] = field(default=())
    limit: int = 1000
    offset: int = 0
    rules: Rules = LITERAL


class Search:
    """Find rows by DICOM attributes; the study date newest first, unless one common value is asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, question: Question) -> list[Found]:
        """Return what matches all keys, each as values by keyword; None and "" stand for what is not known.

        What is found on a lower level carries its study's and series' attributes, too.

        Raises
        ------
        InvalidInput
            A value cannot be matched with its attribute.
        """
        with self._database.read() as session:
            connection = session.connection()
            rows = rows_of(connection, question.level, question.keys, question.limit, question.offset)
            if rows is None:
                matches = _matches(session, question)
                wanted = _select(question.level, matches)
                rows = page_of(session, wanted, question.level, matches, question.limit, question.offset)
            return _counted(connection, [dict(row) for row in rows], question.level)

    def count_after(self, question: Question) -> int:
        """Return how many more match than what `find` returns, at most `MOST_COUNTED`.

        Raises
        ------
        InvalidInput
            A value cannot be matched with its attribute.
        """
        with self._database.read() as session:
            matches = _matches(session, question)
            wanted = _select(question.level, matches).with_only_columns(STUDY.id)
            offset = question.offset + question.limit
            return len(page_of(session, wanted, question.level, matches, MOST_COUNTED, offset))


def page_of(
    session: Session, wanted: Select[Any], level: Level, matches: Sequence[Match], limit: int, offset: int
) -> list[RowMapping]:
    """Return a page of what is wanted, found by the most selective index of the matches.

    Parameters
    ----------
    wanted
        Selects from the study and, down to the level, the tables below; it has the conditions of the matches.
    """
    candidates = _candidates(session, matches)
    if candidates is None:
        return _page(session, newest(wanted, level), limit, offset)
    if isinstance(candidates, list):
        found = by_date(wanted.where(STUDY.id.in_(candidates)), level)
        return _page(session, found, limit, offset) if candidates else []
    with closing(candidates):
        return list(islice(_in_parts(session, candidates, wanted, level), offset, offset + limit))


def _matches(session: Session, question: Question) -> list[Match]:
    dialect = session.get_bind().dialect.name
    return [match(attribute, value, dialect, question.rules) for attribute, value in question.keys]


def _select(level: Level, matches: Sequence[Match]) -> Select[Any]:
    return everything(level).where(*(one.condition for one in matches))


def _page(session: Session, wanted: Select[Any], limit: int, offset: int) -> list[RowMapping]:
    return list(session.connection().execute(wanted.limit(limit).offset(offset)).mappings())


def _candidates(session: Session, matches: Sequence[Match]) -> list[int] | ScalarResult[int] | None:
    """Return the ids of all studies that may match; None when no index helps.

    When every index finds many, the first is followed bit by bit: what many have, a page of is found soon. Whoever
    follows it closes it.
    """
    shortest: list[int] | None = None
    asked = [one.candidates for one in matches if one.candidates is not None]
    for candidates in asked:
        ids = list(session.connection().execute(candidates.limit(FEW + 1)).scalars())
        if len(ids) <= FEW and (shortest is None or len(ids) < len(shortest)):
            shortest = ids
        if shortest is not None and len(shortest) <= FEW // 20:
            break
    if shortest is not None:
        return shortest
    return session.scalars(asked[0].execution_options(yield_per=FEW)) if asked else None


def _in_parts(session: Session, candidates: Iterable[int], wanted: Select[Any], level: Level) -> Iterator[RowMapping]:
    following, size = iter(candidates), FEW // 8 or 1
    while ids := list(islice(following, size)):
        yield from session.connection().execute(by_date(wanted.where(STUDY.id.in_(ids)), level)).mappings()
        size = min(2 * size, FEW)


def _counted(connection: Connection, found: list[Found], level: Level) -> list[Found]:
    """Add to each the numbers of its study, and whether it can be had; take away what only the database knows.

    A study is available as the least available of its instances is (PS3.4 C.4.1.1.3.2).
    """
    ids = {one["id"] for one in found}
    counts = _of_studies(connection, sorted(ids)) if level is Level.STUDY or len(ids) <= FEW else {}
    for one in found:
        one["InstanceAvailability"] = "ONLINE" if one.pop("deleted_at") is None else "UNAVAILABLE"
        one.update(counts.get(one.pop("id"), {}))
    return found


def _of_studies(connection: Connection, ids: Sequence[int]) -> dict[int, Found]:
    if not ids:
        return {}
    counts: dict[int, Found] = {}
    for study_id, modality, series, instances in connection.execute(COUNTED, {"ids": ids}):
        study = counts.setdefault(
            study_id,
            {"ModalitiesInStudy": [], "NumberOfStudyRelatedSeries": 0, "NumberOfStudyRelatedInstances": 0},
        )
        study["ModalitiesInStudy"] += [modality] if modality else []
        study["NumberOfStudyRelatedSeries"] += series
        study["NumberOfStudyRelatedInstances"] += instances
    for study in counts.values():
        study["ModalitiesInStudy"].sort()  # a database groups in whatever order it likes
    return counts
