"""The disk that holds the spool: how much of it shall stay free, and what that means for what comes in."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from triage_node.complete_file import storage_errors
from triage_node.errors import StorageFull

if TYPE_CHECKING:
    from triage_node.config import Settings

RECOVERY = 1.25
"""A mark that was passed is left again at so many times of it, so that one instance more or less changes nothing."""
PLENTY_BYTES = 2 << 30
PLENTY_SECONDS = 0.1
"""With so much above the reserve the disk is not looked at again for each instance: in that time nothing fills it."""
LEAST_WARNING = 2
"""The warning comes at twice the reserve at the latest, whatever is set."""


class Level(StrEnum):
    """How full the disk is."""

    OK = "ok"
    LOW = "low"
    """Somebody should make room; everything is still taken."""
    FULL = "full"
    """Nothing is taken."""


@dataclass(frozen=True)
class Watermarks:
    """What of a disk shall stay free, in megabytes and in percent of it: whichever is more.

    With less than the reserve nothing is taken, with less than ``warn`` a person is told.
    """

    reserve_mb: int = 0
    reserve_percent: float = 0.0
    warn_mb: int = 0
    warn_percent: float = 0.0

    @classmethod
    def of(cls, settings: "Settings") -> Self:
        """Return those of the settings."""
        return cls(
            settings.disk_reserve_mb,
            settings.disk_reserve_percent,
            settings.disk_warn_mb,
            settings.disk_warn_percent,
        )

    def reserve_bytes(self, total_bytes: int) -> int:
        """Return the reserve on a disk of that size."""
        return max(self.reserve_mb << 20, int(total_bytes * self.reserve_percent / 100))

    def warn_bytes(self, total_bytes: int) -> int:
        """Return below how much free space a person is told."""
        own = max(self.warn_mb << 20, int(total_bytes * self.warn_percent / 100))
        return max(own, LEAST_WARNING * self.reserve_bytes(total_bytes))


@dataclass(frozen=True)
class Space:
    """Bytes of a disk: its size, what is free for us, the marks; and what they make of it."""

    total: int
    free: int
    reserve: int
    warn: int
    level: Level


class Disk:
    """Look at a disk, and refuse what would take its reserve.

    What has become full stays so until there is a quarter more than the reserve; likewise what is low.

    Parameters
    ----------
    folder
        Any folder on it.
    usage
        Measures ``total`` and ``free`` bytes.
    """

    def __init__(self, folder: Path, watermarks: Watermarks, usage: Callable[[Path], Any] = shutil.disk_usage) -> None:
        self._folder = folder
        self._usage = usage
        self.watermarks = watermarks
        self._level = Level.OK
        self._has_plenty_until = 0.0

    def space(self) -> Space:
        """Look at it.

        Raises
        ------
        StorageError
            The folder cannot be read.
        """
        with storage_errors("look at the disk"):
            usage = self._usage(self._folder)
        reserve, warn = self.watermarks.reserve_bytes(usage.total), self.watermarks.warn_bytes(usage.total)
        self._level = _level(self._level, usage.free, reserve, warn)
        return Space(usage.total, usage.free, reserve, warn, self._level)

    def check(self, size_bytes: int) -> None:
        """Refuse what would leave less than the reserve.

        Raises
        ------
        StorageError
            The folder cannot be read.
        StorageFull
            There is no room for so many bytes, or there was none and it is not enough yet.
        """
        if time.monotonic() < self._has_plenty_until and size_bytes < PLENTY_BYTES // 2:
            return
        space = self.space()
        if space.level is not Level.FULL and space.free - space.reserve >= PLENTY_BYTES:
            self._has_plenty_until = time.monotonic() + PLENTY_SECONDS
        if space.level is Level.FULL or space.free - size_bytes < space.reserve:
            self._level = Level.FULL
            raise StorageFull()


def _level(before: Level, free: int, reserve: int, warn: int) -> Level:
    if free < reserve * (RECOVERY if before is Level.FULL else 1):
        return Level.FULL
    if free < warn * (RECOVERY if before is not Level.OK else 1):
        return Level.LOW
    return Level.OK
