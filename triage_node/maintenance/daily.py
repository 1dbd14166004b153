"""A time of the day at which something is done, as the clock on the wall shows it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Self

from triage_node.endpoints import QuietHours

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Daily:
    """Once a calendar day, from a time of the day on, and not after another one if there is an ``end``.

    A time that a change to summer time leaves out is that of an hour later; of one that comes twice it is the first.
    """

    begin: time
    zone: tzinfo
    end: time | None = None

    @classmethod
    def within(cls, window: QuietHours, zone: tzinfo) -> Self:
        """Return the beginning of a window, after whose end nothing is begun."""
        return cls(window.begin, zone, window.end)

    def begins_at(self, day: date) -> float:
        """Return when it is due on a day, in seconds since 1970."""
        return datetime.combine(day, self.begin, self.zone).timestamp()

    def ends_at(self, day: date) -> float:
        """Return after which time it is not begun any more, in seconds since 1970: that of the next day at the latest.

        A window that ends at an earlier time of the day than it begins goes over midnight.
        """
        if self.end is None:
            return self.begins_at(day + A_DAY)
        last = day if self.begin < self.end else day + A_DAY
        return datetime.combine(last, self.end, self.zone).timestamp()

    def last_day(self, now: float) -> date:
        """Return the day whose time came last."""
        today = datetime.fromtimestamp(now, self.zone).date()
        return today if self.begins_at(today) <= now else today - A_DAY

    def due_day(self, now: float, done: date) -> date | None:
        """Return the day whose run is to be made now, if it was last made for the day ``done``."""
        day = self.last_day(now)
        return day if done < day and now < self.ends_at(day) else None

    def next_at(self, now: float, done: date) -> float:
        """Return when the next run is due, now or later, in seconds since 1970."""
        if self.due_day(now, done) is not None:
            return now
        return self.begins_at(max(self.last_day(now), done) + A_DAY)

    def believed(self, now: float, done: date) -> date:
        """Return the day of the last run, as far as it can be true.

        One that lies further ahead than tomorrow was noted by a clock that was wrong: nothing would be done before it
        comes. It counts as the last one that has come, so that no day has two runs.
        """
        last = self.last_day(now)
        return last if done > last + A_DAY else done

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}" + (f"-{self.end:%H:%M}" if self.end is not None else "")
