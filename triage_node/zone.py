"""The time zone the node lives in: the machine's, or the one that the settings name."""

import os
import time
import zoneinfo
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

from triage_node.errors import SettingsError

EPOCH = datetime(1970, 1, 1)


class MachineZone(tzinfo):
    """The zone of this machine, with all its changes to and from summer time.

    Raises
    ------
    OverflowError, ValueError, OSError
        A time is outside of what the machine's clock can say.
    """

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return the offset that was or will be in force then."""
        return None if dt is None else dt.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, _dt: datetime | None) -> timedelta | None:
        """Return None: how much of the offset is summer time is not asked."""
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        """Return the zone's name then."""
        return None if dt is None else dt.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, dt: datetime) -> datetime:
        """Return the local time of a time in UTC."""
        seconds = (dt.replace(tzinfo=None) - EPOCH) / timedelta(seconds=1)
        return datetime.fromtimestamp(seconds).replace(tzinfo=self)


def live_in(name: str | None) -> None:
    """Have this process and those it starts show and count days in a zone; None leaves the machine's.

    Parameters
    ----------
    name
        Of the IANA time zone database, as in ``Europe/Berlin``.

    Raises
    ------
    SettingsError
        The machine has no file of that zone, and would show UTC without a word.
    """
    if name is not None:
        if not any(Path(folder, name).is_file() for folder in zoneinfo.TZPATH):
            raise SettingsError(f"This machine has no data of the time zone {name}: install its package tzdata.")
        os.environ["TZ"] = name
        time.tzset()


def offset_text(at: datetime) -> str:
    """Return the offset of a time from UTC as Timezone Offset From UTC has it, ``&ZZXX`` (PS3.3 C.12.1.1.8)."""
    minutes = round((at.utcoffset() or timedelta()) / timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def fixed(offset: str) -> timezone:
    """Return the zone of an offset written as ``&ZZXX``."""
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
