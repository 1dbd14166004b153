"""Yesterday in numbers, and whether scores or scanners have drifted."""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

from triage_node.maintenance.job import Done
from triage_node.statistics import REFERENCE_DAYS, USUAL_DAYS, Drift, Statistics

A_DAY = timedelta(days=1)
LEVELS = {"moderate": ("moderate", "large"), "large": ("large",), "off": ()}
WORDS = {"too_few": "too few to tell"}

Note = Callable[[str, str], object]


class DailyStatistics:
    """Sum up yesterday, which is over.

    Parameters
    ----------
    statistics
        Of the roll-ups.
    note
        Leaves an event: its code and its message.
    zone
        In which the node's days begin.
    clock
        Seconds since 1970.
    """

    def __init__(
        self, statistics: Statistics, note: Note, zone: tzinfo, clock: Callable[[], float] = time.time
    ) -> None:
        self._statistics = statistics
        self._note = note
        self._zone = zone
        self._clock = clock

    @property
    def _yesterday(self) -> date:
        return datetime.fromtimestamp(self._clock(), self._zone).date() - A_DAY

    def sum_up(self) -> Done:
        """Return yesterday's numbers, and leave an event of them."""
        numbers = self._statistics.statistics(self._yesterday, self._yesterday).totals
        total = numbers.turnaround_seconds["total"]
        words = (
            f"{self._yesterday}: {numbers.arrivals} studies came, {numbers.analyzed} were analyzed, "
            f"{numbers.flagged} flagged, {numbers.uncertain} uncertain, {numbers.unsuitable} unsuitable, "
            f"{numbers.failed} failed; {numbers.delivered} reports were delivered"
        )
        if total.count:
            words += f"; half of the answers came within {total.p50:.0f} s, 95 % within {total.p95:.0f} s"
        self._note("daily_statistics", words)
        return Done(words)

    def drift(self, alert: Literal["off", "moderate", "large"]) -> Done:
        """Compare the last days with those before; an alert is an event, too.

        Parameters
        ----------
        alert
            From which level on it is one.
        """
        last = self._yesterday
        first = last - timedelta(days=USUAL_DAYS - 1)
        end = first - A_DAY
        found = self._statistics.drift(first, last, end - timedelta(days=REFERENCE_DAYS - 1), end)
        words = f"{_said('scores', found.scores)}; {_said('scanners', found.scanners)}"
        has_drifted = {found.scores.level, found.scanners.level} & set(LEVELS[alert])
        if has_drifted:
            words += ": look at Statistics, and whether the model still fits what is scanned"
            self._note("drift_alert", words)
        return Done(words, wants_look=bool(has_drifted))


def _said(what: str, drift: Drift) -> str:
    if drift.psi is None:
        return f"{what}: nothing to compare yet"
    level = WORDS.get(drift.level, f"{drift.level} drift" if drift.level != "stable" else "stable")
    return f"{what} {level} (PSI {drift.psi:.2f}, {drift.current_count} studies against {drift.reference_count})"
