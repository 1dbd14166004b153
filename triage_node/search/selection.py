"""What is selected of a level, and in which order: on the tables, since the ORM takes longer than an answer."""

from functools import cache
from typing import Any

from sqlalchemy import Select, and_, select

from triage_node.database import InstanceRow, SeriesRow, StudyRow
from triage_node.search.attributes import ATTRIBUTES, Level
from triage_node.search.matching import COLUMNS, INSTANCE, SERIES, STUDY


@cache
def everything(level: Level) -> Select[Any]:
    """Return the query for all there is on a level; putting it together takes longer than many an answer."""
    columns = [
        COLUMNS[attribute.level][attribute.column].label(attribute.keyword)
        for attribute in ATTRIBUTES
        if attribute.column and attribute.level <= level
    ]
    joined = StudyRow.__table__
    if level >= Level.SERIES:
        joined = joined.join(SeriesRow.__table__, SERIES.study_id == STUDY.id)
    if level >= Level.INSTANCE:
        # The study, too, so that its index is used and not a scan of the series.
        joined = joined.join(
            InstanceRow.__table__, and_(INSTANCE.series_id == SERIES.id, INSTANCE.study_id == STUDY.id)
        )
    deleted_at = INSTANCE.deleted_at if level >= Level.INSTANCE else STUDY.images_deleted_at
    return select(STUDY.id.label("id"), deleted_at.label("deleted_at"), *columns).select_from(joined)


def newest(wanted: Select[Any], level: Level) -> Select[Any]:
    """Return a query in the order in which a scan finds rows; of studies, by date."""
    return by_date(wanted, level) if level is Level.STUDY else wanted.order_by(COLUMNS[level].id.desc())


def by_date(wanted: Select[Any], level: Level) -> Select[Any]:
    """Return a query with the newest study first, and what belongs to one in the order in which it came."""
    below = [COLUMNS[one].id for one in (Level.SERIES, Level.INSTANCE) if one <= level]
    return wanted.order_by(STUDY.study_date.desc(), STUDY.id.desc(), *below)
