"""A job as people see it: what it does, when, and how it went."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """What came of a run, in a sentence; one that ``wants_look`` tells of something that a person should see to."""

    sentence: str = ""
    wants_look: bool = False


@dataclass(frozen=True)
class Job:
    """A job and how it went last.

    Attributes
    ----------
    name
        In a few words.
    every_seconds
        Its interval; a daily one has that of a day.
    ran_at
        When it ended last, in seconds since 1970; None before the first run.
    error
        Where it failed the last time, or why; "" when it did not.
    next_at
        When it is due, in seconds since 1970.
    silent_seconds
        Since it ended last, or since the start of the scheduler, by a clock that nobody can set.
    does
        What it does and why, in a sentence.
    daily_at
        The time of the day of a daily one, ``HH:MM``, or its window ``HH:MM-HH:MM``; "" when it has an interval.
    seconds
        How long the last run took; None before the first one.
    outcome
        What came of the last run, in a sentence.
    wants_look
        Whether that is something that a person should see to.
    running_seconds
        For how long it has been running now; None when it is not.
    """

    name: str
    every_seconds: float
    ran_at: float | None = None
    error: str = ""
    next_at: float | None = None
    silent_seconds: float = 0.0
    does: str = ""
    daily_at: str = ""
    seconds: float | None = None
    outcome: str = ""
    wants_look: bool = False
    running_seconds: float | None = None
