"""Hours of the day in which nobody is to be disturbed, as a clock on the wall shows them."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Self

FORM = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)")


@dataclass(frozen=True)
class QuietHours:
    """From one time of the day to another, over midnight when that is earlier.

    They are asked of a local time, not counted in seconds, so a night with a change to or from summer time ends when
    the clock on the wall says so.
    """

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``HH:MM-HH:MM``.

        Raises
        ------
        ValueError
            The text has another form, or both times are the same.
        """
        match = FORM.fullmatch(text.strip())
        try:
            begin, end = (time(int(match[one]), int(match[one + 1])) for one in (1, 3)) if match else (None, None)
        except ValueError:
            begin = end = None
        if begin is None or end is None or begin == end:
            raise ValueError(f"{text!r} is not of the form HH:MM-HH:MM, as in 22:00-06:00")
        return cls(begin, end)

    def covers(self, at: datetime) -> bool:
        """Tell whether a local time lies in them; their begin does, their end does not."""
        now = at.time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"
