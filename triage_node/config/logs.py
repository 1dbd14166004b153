"""Settings of logs."""

from datetime import tzinfo
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, field_validator

from triage_node.zone import MachineZone


class LogSettings(BaseModel):
    """Logs, the audit trail, and the time zone of both."""

    timezone: str | None = Field(
        None,
        description="zone of the node's times and days, an IANA name as in `Europe/Berlin`; default this machine's",
    )
    audit_syslog: str | None = Field(
        None, description="where DICOM audit messages go: `udp://HOST:PORT`, `tls://HOST:PORT`; nowhere by default"
    )
    audit_syslog_ca: Path | None = Field(None, description="PEM file of the authority that signed that server's TLS")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level that is logged")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            return None if value is None else ZoneInfo(value).key
        except (OSError, ValueError, ZoneInfoNotFoundError) as error:
            raise ValueError("the IANA time zone database has no such zone; write it as in Europe/Berlin") from error

    @property
    def zone(self) -> tzinfo:
        """The time zone the node lives in."""
        return MachineZone() if self.timezone is None else ZoneInfo(self.timezone)
