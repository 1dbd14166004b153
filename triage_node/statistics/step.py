"""Days, weeks or months: in what steps the numbers of a period are told."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

LONGEST_BY_DAY, LONGEST_BY_WEEK = 92, 366


class Step(StrEnum):
    """A step of a period; a week begins on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @classmethod
    def of(cls, from_day: date, to_day: date) -> "Step":
        """Return the step in which a period is not too long to be read."""
        days = (to_day - from_day).days + 1
        if days <= LONGEST_BY_DAY:
            return cls.DAY
        return cls.WEEK if days <= LONGEST_BY_WEEK else cls.MONTH

    def begin(self, day: date) -> date:
        """Return the first day of the step that a day is in."""
        if self is Step.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Step.MONTH else day

    def begins(self, from_day: date, to_day: date) -> Iterator[date]:
        """Yield the first day of each step of a period; that of the first step may lie before it."""
        last = None
        for number in range((to_day - from_day).days + 1):
            begin = self.begin(from_day + timedelta(days=number))
            if begin != last:
                yield begin
            last = begin
