"""Attribute matching (PS3.4 C.2.2.2) as conditions of the database, and the index that finds few candidates."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    true,
    union,
)

from triage_node.database import InstanceRow, SeriesRow, StudyRow, folded_name
from triage_node.errors import InvalidInput
from triage_node.search.attributes import Attribute, Kind, Level

LONGEST_VALUE = 1024
MOST_VALUES = 1000
MOST_WILDCARDS = 10
# The last trigrams of a value: those at its beginning are often shared by a year of accession numbers.
MOST_TRIGRAMS = 5
LAST = "\U0010ffff"
STUDY, SERIES, INSTANCE = StudyRow.__table__.c, SeriesRow.__table__.c, InstanceRow.__table__.c
COLUMNS = {Level.STUDY: STUDY, Level.SERIES: SERIES, Level.INSTANCE: INSTANCE}
# Under a name of its own: a search for series already reads their table, and would look at its own row only.
ANY_SERIES = SeriesRow.__table__.alias("any_series").c
FOLDED = {"patient_name": "patient_name_folded", "referring_physician_name": "referring_physician_folded"}
INDEXED_UIDS = frozenset({"study_instance_uid", "series_instance_uid", "sop_instance_uid", "workitem_uid"})
ORDERED = frozenset({"patient_id", "accession_number", "patient_name_folded"})
"""Columns of studies with an index of their own."""
IN_TRIGRAMS = ORDERED | {"referring_physician_folded", "study_description", "study_identifier"}
TRIGRAMS = table("study_trigram", column("rowid"))
WILDCARD = re.compile(r"[*?]")


@dataclass(frozen=True)
class Rules:
    """What a value may be beyond PS3.4 C.2.2.2.1 to .6, where a client asks for it.

    Attributes
    ----------
    is_empty_matched
        ``""`` matches what has no value (C.2.2.2.7).
    are_many_matched
        A backslash stands between values of which one must match (C.2.2.2.8).
    """

    is_empty_matched: bool = False
    are_many_matched: bool = False


LITERAL = Rules()
EMPTY = '""'


@dataclass(frozen=True)
class Match:
    """One key as a condition; ``candidates`` selects ids of studies from an index, all that can match among them."""

    condition: ColumnElement[bool]
    candidates: Select[Any] | None = None


def match(attribute: Attribute, value: str, dialect: str, rules: Rules = LITERAL) -> Match:
    """Return the condition for a key.

    Raises
    ------
    InvalidInput
        The value cannot be matched with the attribute.
    """
    if len(value) > LONGEST_VALUE or "\0" in value:
        raise InvalidInput(f"The value for {attribute.keyword} is too long or holds a null character.")
    if value in ("", "*"):
        return Match(true())
    if rules.is_empty_matched and value == EMPTY:
        return _empty(attribute)
    if rules.are_many_matched and "\\" in value and attribute.kind is not Kind.UID:
        return _any([match(attribute, one, dialect, rules) for one in _values(value, attribute.keyword)])
    return _MATCHERS[attribute.kind](attribute, value, dialect)


def _empty(attribute: Attribute) -> Match:
    if attribute.keyword == "ModalitiesInStudy":
        return Match(~exists().where(ANY_SERIES.study_id == STUDY.id, ANY_SERIES.modality != ""))
    own = COLUMNS[attribute.level][attribute.column]
    return Match(own.is_(None) if own.type.python_type is not str else func.coalesce(own, "") == "")


def _any(matches: Sequence[Match]) -> Match:
    """Return the condition that one of several holds; what an index finds for each is found for all."""
    candidates = [one.candidates.order_by(None) for one in matches if one.candidates is not None]
    found = select(union(*candidates).subquery().c[0]) if len(candidates) == len(matches) else None
    return Match(or_(*(one.condition for one in matches)), found)


def _uids(attribute: Attribute, value: str, _dialect: str) -> Match:
    wanted = _list(value, attribute.keyword)
    own = COLUMNS[attribute.level][attribute.column]
    if attribute.column not in INDEXED_UIDS:
        return Match(own.in_(wanted))
    return Match(own.in_(wanted), select(_study_id(attribute.level)).where(own.in_(wanted)))


def _list(value: str, keyword: str) -> list[str]:
    return _values(value.replace(",", "\\"), keyword)


def _values(text: str, keyword: str) -> list[str]:
    wanted = [one.strip() for one in text.split("\\") if one.strip()]
    if not 1 <= len(wanted) <= MOST_VALUES:
        raise InvalidInput(f"{keyword} is a list of 1 to {MOST_VALUES} values.")
    return wanted


def _study_id(level: Level) -> ColumnElement[int]:
    return STUDY.id if level is Level.STUDY else COLUMNS[level].study_id


def _date(attribute: Attribute, value: str, _dialect: str) -> Match:
    first, last = _range(value, r"\d{8}", attribute.keyword, "YYYYMMDD")
    own = COLUMNS[attribute.level][attribute.column]
    condition = between(unindexed(own), first or "0", last or "9")
    if attribute.column != "study_date":
        return Match(condition)
    within = between(own, first or "0", last or "9")
    return Match(condition, select(STUDY.id).where(within).order_by(own.desc(), STUDY.id.desc()))


def _time(attribute: Attribute, value: str, _dialect: str) -> Match:
    first, last = _range(value, r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?", attribute.keyword, "HHMMSS")
    own = COLUMNS[attribute.level][attribute.column]
    # "0304" names a whole minute.
    return Match(between(own, first or "0", (last or "9") + "~"))


def _range(value: str, pattern: str, keyword: str, form: str) -> tuple[str, str]:
    first, dash, last = value.partition("-")
    first, last = first.strip(), last.strip() if dash else first.strip()
    if not (first or last) or not all(re.fullmatch(pattern, one) for one in (first, last) if one):
        raise InvalidInput(f"{keyword} is {form}, or a range of them with a hyphen.")
    return first, last


def _number(attribute: Attribute, value: str, _dialect: str) -> Match:
    if not re.fullmatch(r"\s*[+-]?\d{1,9}\s*", value):
        raise InvalidInput(f"{attribute.keyword} is a number.")
    return Match(COLUMNS[attribute.level][attribute.column] == int(value))


def _text(attribute: Attribute, value: str, dialect: str) -> Match:
    if attribute.keyword == "ModalitiesInStudy":
        return _modalities(value, dialect)
    own = COLUMNS[attribute.level][attribute.column]
    if attribute.keyword == "Modality":
        condition = like(own, value, dialect)
        return Match(condition, select(SERIES.study_id).where(condition).distinct())
    condition = like(unindexed(own), value, dialect)
    return Match(condition, _by_text(own, value, condition, dialect) if attribute.level is Level.STUDY else None)


def _name(attribute: Attribute, value: str, dialect: str) -> Match:
    own, wanted = STUDY[FOLDED[attribute.column]], folded_name(value)
    condition = like(unindexed(own), wanted, dialect)
    return Match(condition, _by_text(own, wanted, condition, dialect))


def _modalities(value: str, dialect: str) -> Match:
    wanted = or_(*(like(ANY_SERIES.modality, one, dialect) for one in _list(value, "ModalitiesInStudy")))
    condition = exists().where(ANY_SERIES.study_id == STUDY.id, wanted)
    newest = select(ANY_SERIES.study_id).where(wanted).distinct().order_by(ANY_SERIES.study_id.desc())
    return Match(condition, newest)


def unindexed(own: Any) -> ColumnElement[Any]:
    """Return a column that does not tempt the planner: candidates are found by one index, the rest is looked at."""
    return func.coalesce(own, literal("") if own.type.python_type is str else literal(0.0))


def between(own: Any, first: Any, last: Any) -> ColumnElement[bool]:
    """Return the condition that a column lies in a range, both ends included."""
    return and_(own >= first, own <= last)


def like(own: ColumnElement[str], value: str, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a column matches a value with wildcards (PS3.4 C.2.2.2.4)."""
    if len(WILDCARD.findall(value)) > MOST_WILDCARDS:
        raise InvalidInput(f"A value has more than {MOST_WILDCARDS} wildcards.")
    if not WILDCARD.search(value):
        return own == value
    if dialect == "sqlite":
        return own.op("GLOB", is_comparison=True)(re.sub(r"\*+", "*", value.replace("[", "[[]")))
    plain = re.sub(r"([%_\\])", r"\\\1", value)
    return own.like(plain.replace("*", "%").replace("?", "_"), escape="\\")


def _by_text(own: Any, value: str, condition: ColumnElement[bool], dialect: str) -> Select[Any] | None:
    start = WILDCARD.split(value, maxsplit=1)[0]
    if own.name in ORDERED and start:
        if start == value:
            return select(STUDY.id).where(own == value).order_by(STUDY.id.desc())
        if dialect == "sqlite":
            return select(STUDY.id).where(own >= start, own < start + LAST, condition).order_by(own, STUDY.id)
    found = trigrams(value)
    if dialect != "sqlite" or own.name not in IN_TRIGRAMS or not found:
        return None
    expression = " AND ".join('"{}"'.format(one.replace('"', '""')) for one in found)
    return (
        select(STUDY.id)
        .select_from(TRIGRAMS.join(StudyRow.__table__, literal_column("study.id = study_trigram.rowid")))
        .where(literal_column("study_trigram").op("MATCH")(expression), condition)
        .order_by(TRIGRAMS.c.rowid.desc())
    )


def trigrams(value: str) -> list[str]:
    """Return the trigrams that whatever matches must have; the last few are enough, as candidates are looked at."""
    found = [run[start : start + 3].lower() for run in WILDCARD.split(value) for start in range(len(run) - 2)]
    # How SQLite folds other letters is not known to be what Python does.
    return [one for one in dict.fromkeys(found) if one.isascii()][-MOST_TRIGRAMS:]


_MATCHERS: dict[Kind, Callable[[Attribute, str, str], Match]] = {
    Kind.UID: _uids,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.TEXT: _text,
    Kind.NAME: _name,
    Kind.NUMBER: _number,
}
