"""The certificates in a PEM file: whose, and how long they hold."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from triage_node.errors import SettingsError


@dataclass(frozen=True)
class Validity:
    """From when to when a certificate holds, in UTC, and its common name."""

    name: str
    since: datetime
    until: datetime


def validities(path: Path) -> list[Validity]:
    """Return those of a file, in its order.

    Raises
    ------
    SettingsError
        It cannot be read.
    """
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no PEM file of certificates"
        raise SettingsError(f"{path} cannot be read: {why}.") from error
    return [Validity(_name_of(one), one.not_valid_before_utc, one.not_valid_after_utc) for one in certificates]


def _name_of(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()
