"""For how long nothing has happened to something, however the clock of the machine is set meanwhile."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

LEASE_LOOKS = 4
"""In a lease's time its holder must have so many chances to be seen: what nobody could look at does not end it."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class _Seen:
    """What something bore when it was looked at, and since when it has, by the steady clock."""

    changed_at: float
    since: float


class Stillness(Generic[Key]):
    """Watch when things changed last.

    The times that are stored are those of the wall clock, which people and time servers set, forward and back. What
    is told here is measured on a clock that nobody can set: the wall clock says only how much of the time between two
    looks a change is old, never more. At the first look, after a start, it is all there is to go by.

    Parameters
    ----------
    clock
        Seconds since 1970.
    steady
        Seconds of a clock that is never set.
    longest_step_seconds
        The most that counts between two looks; what cannot be looked at for longer (the database refused) could not
        change either.
    """

    def __init__(
        self, clock: Callable[[], float], steady: Callable[[], float], longest_step_seconds: float = float("inf")
    ) -> None:
        self._clock = clock
        self._steady = steady
        self._longest_step_seconds = longest_step_seconds
        self._seen: dict[Key, _Seen] = {}
        self._looked_at: float | None = None

    def look(self, changed_at: Mapping[Key, float]) -> dict[Key, float]:
        """Return for how many seconds each thing has been still; what is not named is forgotten.

        Parameters
        ----------
        changed_at
            When each thing changed last, in seconds since 1970.
        """
        now, wall = self._steady(), self._clock()
        step = float("inf") if self._looked_at is None else now - self._looked_at
        held_back = max(0.0, step - self._longest_step_seconds) if self._looked_at is not None else 0.0
        seen = {}
        for key, at in changed_at.items():
            before = self._seen.get(key)
            if before is not None and before.changed_at == at:
                seen[key] = _Seen(at, before.since + held_back)
            else:
                seen[key] = _Seen(at, now - min(max(wall - at, 0.0), step - held_back))
        self._seen, self._looked_at = seen, now
        return {key: now - one.since for key, one in seen.items()}
