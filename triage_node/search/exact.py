"""Questions for one thing, which an index answers at once: by UIDs, by a patient's ID or an accession number.

They are most of what viewers ask. Their queries are put together once, since that takes longer than the answer.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, RowMapping, Select, bindparam, select

from triage_node.search.attributes import Attribute, Kind, Level
from triage_node.search.matching import COLUMNS, INDEXED_UIDS, STUDY
from triage_node.search.selection import by_date, everything

UID = re.compile(r"[0-9A-Za-z._-]{1,64}")
TEXT = re.compile(r'[^*?\\"\0]{1,64}')
IDENTIFIERS = frozenset({"patient_id", "accession_number"})
FEW = 2000
"""An index that finds so few studies is followed; their rows are then looked at."""
LIMIT, OFFSET = bindparam("most", type_=Integer), bindparam("skipped", type_=Integer)

Keys = Sequence[tuple[Attribute, str]]


def rows_of(connection: Connection, level: Level, keys: Keys, limit: int, offset: int) -> list[RowMapping] | None:
    """Return a page of what is asked for; None where it is no such question."""
    page = {"most": limit, "skipped": offset}
    if keys and all(_is_uid(*key) for key in keys):
        query = _by_uids(level, tuple(attribute for attribute, _ in keys))
        uids = {f"uid{place}": value for place, (_, value) in enumerate(keys)}
        return list(connection.execute(query, uids | page).mappings())
    if len(keys) != 1 or not _is_identifier(*keys[0]):
        return None
    [(attribute, value)] = keys
    ids = list(connection.execute(_ids_by(attribute.column), {"value": value}).scalars())
    if len(ids) > FEW:
        return None
    return list(connection.execute(_of_studies(level), {"ids": ids} | page).mappings()) if ids else []


def _is_uid(attribute: Attribute, value: str) -> bool:
    return attribute.kind is Kind.UID and attribute.column in INDEXED_UIDS and UID.fullmatch(value) is not None


def _is_identifier(attribute: Attribute, value: str) -> bool:
    return attribute.column in IDENTIFIERS and TEXT.fullmatch(value) is not None


@cache
def _by_uids(level: Level, attributes: tuple[Attribute, ...]) -> Select[Any]:
    # By place and not by name: the study of the address may be asked for again, and another one.
    conditions = [COLUMNS[one.level][one.column] == bindparam(f"uid{place}") for place, one in enumerate(attributes)]
    return _page(by_date(everything(level).where(*conditions), level))


@cache
def _ids_by(column: str) -> Select[Any]:
    return select(STUDY.id).where(STUDY[column] == bindparam("value")).limit(FEW + 1)


@cache
def _of_studies(level: Level) -> Select[Any]:
    return _page(by_date(everything(level).where(STUDY.id.in_(bindparam("ids", expanding=True))), level))


def _page(wanted: Select[Any]) -> Select[Any]:
    return wanted.limit(LIMIT).offset(OFFSET)
