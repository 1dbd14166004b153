"""What the pages and the API ask the worklist; no answer takes longer because there are more studies."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from triage_node.database import (
    BY_RANK,
    LARGEST_PAGE,
    Database,
    OutcomeRow,
    StudyRow,
    checked_day,
    checked_limit,
    distinct_values,
    last_marker,
    start_of,
)
from triage_node.findings import Decision
from triage_node.statistics import Arrival, delivery_counts, state_counts
from triage_node.worklist.all_studies import studies_page
from triage_node.worklist.filters import Filters
from triage_node.worklist.listing.following import cursor_of_all, open_cursor
from triage_node.worklist.listing.sort import Sort
from triage_node.worklist.listing.sorted_studies import count_open, sorted_open_page
from triage_node.worklist.open_studies import Place, open_studies_page
from triage_node.worklist.read_models import Counts, StudyChanges, StudyPage, StudySummary
from triage_node.worklist.study_summary import summaries

EVERYTHING = Filters()
FLAGGED = Filters(decision=(Decision.FLAGGED,))
NEWEST_FIRST = Sort("arrival", is_descending=True)
MOST_SINCE_HOURS = 24.0 * 366


class StudyLists:
    """Lists of studies, a page at a time."""

    def __init__(self, database: Database, clock: Callable[[], float], maximum_wait_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._maximum_wait_seconds = maximum_wait_seconds

    def open_studies(
        self,
        filters: Filters = EVERYTHING,
        after: str | None = None,
        limit: int = 50,
        since_hours: float = 24.0,
        sort: Sort | None = None,
    ) -> StudyPage:
        """Return a page of the open studies in reading order, or sorted by a column.

        Open is what no reader has acknowledged and what came in the last hours or is not finished.

        Parameters
        ----------
        after
            ``next`` of the page before.

        Raises
        ------
        InvalidInput
            The cursor or the limit cannot be used.
        """
        checked_limit(limit)
        now = self._clock()
        since_seconds = min(max(since_hours, 0.0), MOST_SINCE_HOURS) * 3600
        with self._database.read() as session:
            if sort is not None:
                studies, following = sorted_open_page(session, filters, sort, after, now, limit, since_seconds)
            else:
                place = Place.read(after, now)
                studies, following = open_studies_page(
                    session, filters, place, limit, since_seconds, self._maximum_wait_seconds
                )
            return StudyPage(self._summaries(session, studies), following)

    def studies(
        self,
        filters: Filters = EVERYTHING,
        after: str | None = None,
        limit: int = 50,
        *,
        is_oldest_first: bool = False,
    ) -> StudyPage:
        """Return a page of all studies, newest or oldest first; with a text, those registered last come first.

        Raises
        ------
        InvalidInput
            The cursor or the limit cannot be used.
        """
        checked_limit(limit)
        with self._database.read() as session:
            studies, following = studies_page(session, filters, after, limit, is_oldest_first=is_oldest_first)
            return StudyPage(self._summaries(session, studies), following)

    def every(self, filters: Filters = EVERYTHING, *, is_oldest_first: bool = False) -> Iterator[StudySummary]:
        """Return all studies, a page in memory at a time."""
        return _every(lambda after: self.studies(filters, after, LARGEST_PAGE, is_oldest_first=is_oldest_first))

    def every_open(self, filters: Filters = EVERYTHING, sort: Sort | None = None) -> Iterator[StudySummary]:
        """Return all open studies in reading order, or sorted by a column, a page in memory at a time."""
        return _every(lambda after: self.open_studies(filters, after, LARGEST_PAGE, sort=sort))

    def open_after(
        self, study_instance_uid: str, filters: Filters = EVERYTHING, sort: Sort | None = None
    ) -> str | None:
        """Return the UID of the open study after another; of the first when the worklist has no such study."""
        with self._database.read() as session:
            study = _row(session, study_instance_uid)
            after = None if study is None else open_cursor(study, sort, self._clock(), self._maximum_wait_seconds)
        return _first(self.open_studies(filters, after, 1, sort=sort))

    def after(
        self, study_instance_uid: str, filters: Filters = EVERYTHING, *, is_oldest_first: bool = False
    ) -> str | None:
        """Return the UID of the study after another among all; of the first when the worklist has no such study."""
        with self._database.read() as session:
            study = _row(session, study_instance_uid)
            after = None if study is None else cursor_of_all(study, filters)
        return _first(self.studies(filters, after, 1, is_oldest_first=is_oldest_first))

    def count_others(self, filters: Filters = EVERYTHING, since_hours: float = 24.0) -> int:
        """Return how many open studies are not for this node (`Filters.others`)."""
        with self._database.read() as session:
            return count_open(session, replace(filters, others=True), self._clock() - since_hours * 3600)

    def flagged(self, since_hours: float = 24.0) -> dict[str, str]:
        """Return the patient's name of each open study that is flagged, by the study's UID; at most `LARGEST_PAGE`."""
        now = self._clock()
        with self._database.read() as session:
            rows, _ = sorted_open_page(session, FLAGGED, NEWEST_FIRST, None, now, LARGEST_PAGE, since_hours * 3600)
            return {row.study_instance_uid: row.patient_name for row in rows}

    def counts(self, since_hours: float = 24.0) -> Counts:
        """Return how many studies and deliveries are in each state, and how many studies wait to be read."""
        with self._database.read() as session:
            groups = _open_by_group(session, self._clock() - since_hours * 3600)
            return Counts(state_counts(session), delivery_counts(session), sum(groups.values()), groups)

    def choices(self) -> dict[str, list[str]]:
        """Return the values that stations and senders can be filtered by."""
        with self._database.read() as session:
            return {
                "stations": distinct_values(session, StudyRow.station_name),
                "calling_ae_titles": distinct_values(session, StudyRow.calling_ae_title),
            }

    def marker(self) -> int:
        """Return the marker of the latest change."""
        with self._database.read() as session:
            return last_marker(session)

    def changes_since(self, marker: int, limit: int = 100) -> StudyChanges:
        """Return the studies that changed after a marker, each once, as they are now."""
        checked_limit(limit)
        with self._database.read() as session:
            changed = (
                select(StudyRow)
                .where(StudyRow.change_marker > marker)
                .order_by(StudyRow.change_marker)
                .limit(limit + 1)
            )
            studies = list(session.scalars(changed))
            shown = studies[:limit]
            following = shown[-1].change_marker if shown else marker
            return StudyChanges(self._summaries(session, shown), following, more=len(studies) > limit)

    def arrivals(self, from_day: date, to_day: date, limit: int = 5000) -> list[Arrival]:
        """Return the real arrivals of some days, oldest first, for the simulation."""
        start, end = start_of(checked_day(from_day)), start_of(checked_day(to_day) + timedelta(days=1))
        first = select(func.min(OutcomeRow.created_at)).where(OutcomeRow.study_id == StudyRow.id).scalar_subquery()
        query = (
            select(StudyRow.first_received_at, StudyRow.decision, first, StudyRow.withheld_types)
            .where(StudyRow.first_received_at >= start, StudyRow.first_received_at < end)
            .order_by(StudyRow.first_received_at, StudyRow.id)
            .limit(checked_limit(limit, most=20000))
        )
        with self._database.read() as session:
            return [
                Arrival(at, decided_at, decision, withheld)
                for at, decision, decided_at, withheld in session.execute(query)
            ]

    def _summaries(self, session: Session, studies: list[StudyRow]) -> list[StudySummary]:
        return summaries(session, studies, self._clock(), self._maximum_wait_seconds)


def _row(session: Session, study_instance_uid: str) -> StudyRow | None:
    return session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == study_instance_uid))


def _first(page: StudyPage) -> str | None:
    return page.studies[0].study_instance_uid if page.studies else None


def _every(page: Callable[[str | None], StudyPage]) -> Iterator[StudySummary]:
    after: str | None = None
    while True:
        found = page(after)
        yield from found.studies
        after = found.next
        if after is None:
            return


def _open_by_group(session: Session, since: float) -> dict[str, int]:
    groups = {}
    for rank, group in BY_RANK.items():
        ranked = select(func.count()).select_from(StudyRow).where(StudyRow.open_rank == rank)
        unfinished = session.scalar(ranked.where(StudyRow.unfinished == 1)) or 0
        finished = session.scalar(ranked.where(StudyRow.unfinished == 0, StudyRow.first_received_at >= since)) or 0
        groups[group.value] = unfinished + finished
    return groups
