"""Settings of upkeep."""

from datetime import datetime, time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from triage_node.config.quantities import Count
from triage_node.endpoints import QuietHours


class UpkeepSettings(BaseModel):
    """What is done by the clock: backup, care of the database, echoes, statistics, dead letters."""

    backup_enabled: bool = Field(True, description="make a backup of the database each day (see docs/upkeep.md)")
    backup_at: str = Field("01:30", description="time of the day of the backup, `HH:MM`")
    backup_dir: Path | None = Field(
        None, description="folder of the backups, better on another disk; default `backups` in `data_dir`"
    )
    backup_keep: Count = Field(7, description="so many backups are kept, the latest ones")
    backup_contents: Literal["database", "results", "spool"] = Field(
        "database",
        description="`results` also keeps the stored answers and reports, `spool` also every image: each time all",
    )
    database_window: str | None = Field(
        "03:00-05:00",
        description="hours in which the database is compacted and analyzed, `HH:MM-HH:MM`; `off` for never",
    )
    echo_seconds: float = Field(
        300.0, ge=0, le=1_000_000, description="each destination is tried at this interval, without a report; 0: never"
    )
    statistics_at: str = Field("06:00", description="time of the day at which yesterday is summed up, `HH:MM`")
    drift_alert: Literal["off", "moderate", "large"] = Field(
        "large",
        description="an alert is given when scores or scanners of the last 30 days have drifted so far from those of "
        "the 90 days before",
    )
    dead_letter_window: str | None = Field(
        None,
        description="hours in which what was given up is sent once more each day, `HH:MM-HH:MM`; by default never",
    )

    @field_validator("backup_at", "statistics_at")
    @classmethod
    def _time_of_day(cls, value: str) -> str:
        try:
            return f"{time_of_day(value):%H:%M}"
        except ValueError as error:
            raise ValueError(f"{value!r} is not of the form HH:MM, as in 02:15") from error

    @field_validator("database_window", "dead_letter_window")
    @classmethod
    def _window(cls, value: str | None) -> str | None:
        return None if value is None or value.strip().lower() in ("off", "") else str(QuietHours.parse(value))

    @property
    def backup_time(self) -> time:
        """When the backup is made."""
        return time_of_day(self.backup_at)

    @property
    def statistics_time(self) -> time:
        """When the statistics are made."""
        return time_of_day(self.statistics_at)

    @property
    def database_hours(self) -> QuietHours | None:
        """When the database is taken care of."""
        return None if self.database_window is None else QuietHours.parse(self.database_window)

    @property
    def dead_letter_hours(self) -> QuietHours | None:
        """When what was given up is sent once more."""
        return None if self.dead_letter_window is None else QuietHours.parse(self.dead_letter_window)


def time_of_day(text: str) -> time:
    """Read ``HH:MM``.

    Raises
    ------
    ValueError
        It is none.
    """
    return datetime.strptime(text.strip(), "%H:%M").time()
