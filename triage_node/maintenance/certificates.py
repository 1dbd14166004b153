"""How long the certificates still hold that the settings name: ours, and those of the authorities we trust."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from triage_node.config import Settings
from triage_node.dimse import Validity, validities
from triage_node.endpoints import Endpoint
from triage_node.errors import SettingsError, StorageError
from triage_node.maintenance.job import Done

log = logging.getLogger(__name__)

LEVEL_DAYS = (0, 7, 30)
"""It is told when so many days are left: a hospital's authority may take weeks to sign a new one."""
FORGOTTEN_DAYS = 30
"""An authority that ended so long ago, beside others that hold, is a leftover that nobody misses."""


@dataclass(frozen=True)
class CertificateFile:
    """A PEM file of certificates and what it is for; an authority's may hold many that come and go."""

    path: Path
    what: str
    is_of_authorities: bool = False


def certificate_files(settings: Settings) -> list[CertificateFile]:
    """Return every file of certificates that the settings name."""
    found = [
        (settings.dicom_tls_certificate, "certificate of the DICOM listener", False),
        (settings.dicom_tls_ca, "authority of the listener's senders", True),
        (settings.web_tls_certificate, "certificate of the web server", False),
        (settings.audit_syslog_ca, "authority of the audit server", True),
    ]
    for one in (*settings.destinations, *settings.sources, *settings.workitem_servers):
        found += _of_endpoint(one)
    return [CertificateFile(path, what, is_ca) for path, what, is_ca in found if path is not None]


class Certificates:
    """Look at all of them, and leave an event when one comes to its end: 30 days before, 7 days before, and then.

    Parameters
    ----------
    files
        Returns those whose certificates are looked at.
    note
        Leaves an event, its code and its message, unless the same was left before.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        files: Callable[[], Sequence[CertificateFile]],
        note: Callable[[str, str], object],
        clock: Callable[[], float],
    ) -> None:
        self._files = files
        self._note = note
        self._clock = clock

    def run(self) -> Done:
        """Look at each file."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        files = self._files()
        if not files:
            return Done("no certificates are set")
        complaints = [complaint for file in files for complaint in self._complaints(file, now)]
        return Done("; ".join(complaints) or f"{len(files)} files, all valid", wants_look=bool(complaints))

    def _tell(self, code: str, message: str) -> None:
        """Leave an event; one that a full disk does not take is left the next time."""
        try:
            self._note(code, message)
        except StorageError as error:
            log.warning("certificate_not_noted error=%s", error)

    def _complaints(self, file: CertificateFile, now: datetime) -> Iterator[str]:
        try:
            found = validities(file.path)
        except SettingsError as error:
            complaint = f"the {file.what}: {error}".rstrip(".")
            self._tell("certificate_unreadable", complaint)
            yield complaint
            return
        for one in _looked_at(file, found, now):
            days = _days_left(one, now)
            level = next((level for level in LEVEL_DAYS if days <= level), None)
            if level is not None:
                named = f"the {file.what} ({one.name}, {file.path})"
                when = f"on {one.until.date()}"
                left = "" if level == 0 else f": {level} days or less are left"
                self._tell("certificate_ends", f"{named} {'ended' if level == 0 else 'ends'} {when}{left}")
                yield f"{named} {'ended' if level == 0 else f'ends in {days:.0f} days,'} {when}"
            elif one.since > now:
                complaint = f"the {file.what} ({one.name}, {file.path}) begins only on {one.since.date()}"
                self._tell("certificate_begins", complaint)
                yield complaint


def _of_endpoint(endpoint: Endpoint) -> list[tuple[Path | None, str, bool]]:
    return [
        (endpoint.tls_certificate, f"client certificate for {endpoint.name}", False),
        (endpoint.tls_ca, f"authority of {endpoint.name}", True),
    ]


def _looked_at(file: CertificateFile, found: Sequence[Validity], now: datetime) -> list[Validity]:
    if not file.is_of_authorities or not any(one.until > now for one in found):
        return list(found)
    return [one for one in found if _days_left(one, now) > -FORGOTTEN_DAYS]


def _days_left(one: Validity, now: datetime) -> float:
    return (one.until - now) / timedelta(days=1)
