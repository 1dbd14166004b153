"""The certificate that the TLS port shows: taken up again when its files change, and how it is."""

import logging
import ssl
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509

from triage_node.config import Settings
from triage_node.dimse.tls.profile import ClientCertificates, server_context
from triage_node.errors import SettingsError

log = logging.getLogger(__name__)

# A hospital's authority may take weeks to sign a new one.
WARNING_DAYS = 30

Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class CertificateState:
    """Whether all is well with the certificate, and what there is to say."""

    is_well: bool
    message: str


class ServerCertificate:
    """Certificate, key and the authorities of clients, as files that somebody may replace at any time.

    Parameters
    ----------
    certificate
        PEM file of the chain, ours first.
    key
        PEM file of its key.
    ca
        PEM file of the authorities that sign the certificates of clients.
    client_certificates
        Whether clients must show one.

    Attributes
    ----------
    context
        What new connections speak; an open one keeps the one that it began with.

    Raises
    ------
    SettingsError
        A file is not there or cannot be used.
    """

    def __init__(
        self, certificate: Path, key: Path, ca: Path | None, client_certificates: ClientCertificates = "required"
    ) -> None:
        self._certificate = certificate
        self._key = key
        self._ca = ca
        self._client_certificates = client_certificates
        self._lock = threading.Lock()
        self._trouble = ""
        self._since: datetime
        self._until: datetime
        self.context: ssl.SSLContext
        self._stamp = self._look()
        self._load()

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return the one of the settings, None when no TLS port is wanted.

        Raises
        ------
        SettingsError
            As above.
        """
        certificate, key = settings.dicom_tls_certificate, settings.dicom_tls_key
        if settings.dicom_tls_port is None or certificate is None or key is None:
            return None
        return cls(certificate, key, settings.dicom_tls_ca, settings.dicom_tls_client_certificates)

    def prepare(self, settings: Settings) -> Callable[[], None]:
        """Read the files of other settings; call what is returned to show them.

        Raises
        ------
        SettingsError
            They cannot be used, or there are none.
        """
        other = type(self).of(settings)
        if other is None:
            raise SettingsError("dicom_tls_port wants dicom_tls_certificate and dicom_tls_key.")

        def show() -> None:
            with self._lock:
                self._certificate, self._key, self._ca = other._certificate, other._key, other._ca
                self._client_certificates = other._client_certificates
                self._stamp, self._trouble = other._stamp, ""
                self._since, self._until, self.context = other._since, other._until, other.context

        return show

    def follow(self) -> None:
        """Take up files that have changed; those that cannot be used are told, and the old ones stay in use."""
        with self._lock:
            stamp = self._look()
            if stamp == self._stamp and not self._trouble:
                return
            # What it is like before it is read: who writes it meanwhile changes it once more.
            self._stamp = stamp
            try:
                self._load()
            except SettingsError as error:
                if str(error) != self._trouble:
                    log.error("certificate_not_reloaded path=%s error=%s", self._certificate, error)
                self._trouble = str(error)
                return
            self._trouble = ""
            log.info("certificate_reloaded path=%s until=%s", self._certificate, self._until.date())

    def state(self, now: datetime | None = None) -> CertificateState:
        """Say how it is; a warning begins so many days before its end as a new one may take."""
        now = now or datetime.now(UTC)
        day = self._until.date()
        if self._trouble:
            return CertificateState(False, f"the old one is still shown, until {day}: {self._trouble}")
        if self._until <= now:
            return CertificateState(False, f"it ended on {day}: no sender accepts it")
        if self._since > now:
            return CertificateState(False, f"it begins only on {self._since.date()}: no sender accepts it")
        if self._until - now <= timedelta(days=WARNING_DAYS):
            return CertificateState(False, f"it ends in {(self._until - now).days} days, on {day}")
        complaint = self._key_complaint()
        return CertificateState(not complaint, complaint or f"valid until {day}")

    def warn(self) -> None:
        """Log what a person should look at."""
        state = self.state()
        if not state.is_well:
            log.warning("certificate_wants_a_look path=%s reason=%r", self._certificate, state.message)

    def _load(self) -> None:
        context = server_context(self._certificate, self._key, self._ca, self._client_certificates)
        # Nothing is resumed: each association shows its certificates anew, and none that ended meanwhile is believed.
        context.num_tickets = 0
        try:
            [ours, *_] = x509.load_pem_x509_certificates(self._certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise SettingsError(f"The certificate {self._certificate} cannot be read: {error}.") from error
        self._since, self._until, self.context = ours.not_valid_before_utc, ours.not_valid_after_utc, context

    def _look(self) -> Stamp:
        return tuple(_stamp_of(path) for path in (self._certificate, self._key, self._ca) if path is not None)

    def _key_complaint(self) -> str:
        """Return a sentence when others than the key's owner and group can read it, which is for keys to be."""
        try:
            is_open = bool(self._key.stat().st_mode & stat.S_IRWXO)
        except OSError:
            return ""
        return f"every user of this machine can read the key {self._key}: make it chmod o-rwx" if is_open else ""


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
