"""Which list of studies a page shows, as the query of its address; the pages of its studies carry it along."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query, Request

from triage_node.web.views.filters import study_filters
from triage_node.worklist import ARRIVAL, Filters, Sort, StudyLists, StudyPage, StudySummary, may_be_oldest_first

Shown = Literal["open", "all"]
NOT_ANALYZED = "unsuitable,failed"
NEWEST_FIRST = Sort(ARRIVAL, is_descending=True)


@dataclass(frozen=True)
class Preset:
    """A list that is asked for often."""

    title: str
    query: Mapping[str, str]

    @property
    def address(self) -> str:
        """Where it is."""
        return f"/worklist?{urlencode(self.query)}" if self.query else "/worklist"


@dataclass(frozen=True)
class Listing:
    """A list: the open studies or all, narrowed down, in an order.

    Attributes
    ----------
    sort
        None is the reading order of open studies, and the newest first of all; those are sorted by arrival only.
    query
        What asks for it, without a leading question mark.
    """

    filters: Filters
    shown: Shown = "open"
    sort: Sort | None = None
    query: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether the list is narrowed down; what is not for this node is not missed in it."""
        return replace(self.filters, others=None) != Filters()

    def is_of(self, preset: Preset) -> bool:
        """Tell whether a preset asks for this list."""
        return {name: value for name, value in parse_qsl(self.query) if name not in ("sort", "after")} == preset.query

    @property
    def orders(self) -> tuple[tuple[str, str], ...]:
        """The orders to choose from, as the query says them and people read them."""
        own = ("", "reading order" if self.shown == "open" else "newest first")
        ends = [(Sort(name), Sort(name).reversed) for name in self.sortable]
        said = [(str(sort), f"{sort.column}, {'down' if sort.is_descending else 'up'}") for end in ends for sort in end]
        return own, *said

    @property
    def sortable(self) -> tuple[str, ...]:
        """The columns it can be sorted by."""
        if self.shown == "open":
            return "patient", "number", "description", "station", ARRIVAL
        return (ARRIVAL,) if may_be_oldest_first(self.filters) else ()

    def direction(self, column: str) -> str | None:
        """Return how the list is sorted by a column, as ``aria-sort`` says it; None when it is not."""
        sort = self.sort or (NEWEST_FIRST if self.shown == "all" else None)
        if sort is None or sort.column != column:
            return None
        return "descending" if sort.is_descending else "ascending"

    def turned(self, column: str) -> str | None:
        """Return the sort that the head of a column leads to: by it, or from its other end; None is the list's own."""
        if self.direction(column) is None:
            return str(NEWEST_FIRST if column == ARRIVAL else Sort(column))
        turned = (self.sort or NEWEST_FIRST).reversed
        return None if self.shown == "all" and turned == NEWEST_FIRST else str(turned)

    def page(self, lists: StudyLists, after: str | None, limit: int) -> StudyPage:
        """Return a page of it."""
        if self.shown == "open":
            return lists.open_studies(self.filters, after, limit, sort=self.sort)
        return lists.studies(self.filters, after, limit, is_oldest_first=self.sort is not None)

    def every(self, lists: StudyLists) -> Iterator[StudySummary]:
        """Return all of it."""
        if self.shown == "open":
            return lists.every_open(self.filters, self.sort)
        return lists.every(self.filters, is_oldest_first=self.sort is not None)

    def following(self, lists: StudyLists, study_instance_uid: str) -> str | None:
        """Return the UID of the study after another."""
        if self.shown == "open":
            return lists.open_after(study_instance_uid, self.filters, self.sort)
        return lists.after(study_instance_uid, self.filters, is_oldest_first=self.sort is not None)

    def others(self, lists: StudyLists) -> int:
        """Return how many open studies under these filters are not for this node; they are folded away."""
        return lists.count_others(self.filters) if self.filters.others is False else 0

    def with_query(self, address: str) -> str:
        """Return an address that carries the list along."""
        return f"{address}?{self.query}" if self.query else address


def listing(
    request: Request,
    filters: Annotated[Filters, Depends(study_filters)],
    shown: Annotated[Shown, Query(alias="list")] = "open",
    sort: Annotated[str, Query(max_length=32)] = "",
    others: Annotated[Literal["", "show"], Query()] = "",
) -> Listing:
    """Return the list that a query asks for; a wrong value is `InvalidInput`.

    Studies that are not for this node are left out of the open ones unless asked for.
    """
    narrowed = replace(filters, others=False) if shown == "open" and not others else filters
    asked = Listing(narrowed, shown, Sort.read(sort), request.url.query)
    if shown == "open":
        return asked
    # The form keeps the order when the list changes; all studies have only one, from either end.
    is_oldest_first = asked.sort == Sort(ARRIVAL) and ARRIVAL in asked.sortable
    return replace(asked, sort=asked.sort if is_oldest_first else None)


def presets(today: date) -> tuple[Preset, ...]:
    """Return the lists that are asked for often."""
    return (
        Preset("To be read", {}),
        Preset("Flagged, not read", {"list": "all", "decision": "flagged", "acknowledged": "no"}),
        Preset("Today", {"list": "all", "received_from": today.isoformat()}),
        Preset("Not analyzed", {"list": "all", "state": NOT_ANALYZED}),
    )
