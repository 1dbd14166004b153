"""TLS files: whether they can be read, fit one another, are in force, and are nobody else's to read."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from triage_node.checks.names import covers
from triage_node.checks.result import Result, each, failed, warning
from triage_node.config import Settings
from triage_node.endpoints import Endpoint

WARNING_DAYS = 30
"""A hospital's authority may take weeks to sign a new one."""
PUBLIC = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class TlsSetting:
    """Files that belong together, and the names by which others call who shows the certificate."""

    name: str
    certificate: Path | None
    key: Path | None
    ca: Path | None
    hosts: tuple[str, ...] = ()


def check_certificates(settings: Settings, now: datetime | None = None) -> Iterator[Result]:
    """Look at every TLS file that the settings name."""
    for one in _named(settings):
        if one.certificate or one.key or one.ca:
            yield from each(one.name, _complaints(one, now or datetime.now(UTC)), "its TLS files can be used")


def _named(settings: Settings) -> Iterator[TlsSetting]:
    tls = settings.dicom_tls_certificate, settings.dicom_tls_key, settings.dicom_tls_ca
    yield TlsSetting("dicom TLS", *tls)
    hosts = (urlsplit(settings.public_url).hostname or "",) if settings.public_url else ()
    yield TlsSetting("web TLS", settings.web_tls_certificate, settings.web_tls_key, None, hosts)
    yield TlsSetting("audit TLS", None, None, settings.audit_syslog_ca)
    endpoints: tuple[Endpoint, ...] = (*settings.destinations, *settings.sources, *settings.workitem_servers)
    for endpoint in endpoints:
        yield TlsSetting(f"TLS of {endpoint.name}", endpoint.tls_certificate, endpoint.tls_key, endpoint.tls_ca)


def _complaints(files: TlsSetting, now: datetime) -> Iterator[Result]:
    if files.certificate is not None:
        yield from _of_certificate(files, now)
    if files.key is not None:
        yield from _of_key(files)
    if files.ca is not None:
        yield from _of_authorities(files.name, files.ca, now)


def _of_certificate(files: TlsSetting, now: datetime) -> Iterator[Result]:
    assert files.certificate is not None
    found = _read(files.name, files.certificate)
    if isinstance(found, Result):
        yield found
        return
    ours = found[0]
    yield from _of_time(files.name, files.certificate, ours, now)
    for host in files.hosts:
        if not covers(ours, host):
            yield warning(
                files.name,
                f"{files.certificate} is not for {host}, by which people call the pages (public_url): have it issued "
                "again with that name.",
            )


def _of_time(name: str, path: Path, certificate: x509.Certificate, now: datetime) -> Iterator[Result]:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begins > now:
        yield failed(name, f"{path} begins only on {begins.date()}: look at this machine's clock, or wait.")
    elif ends <= now:
        yield failed(name, f"{path} ended on {ends.date()}: have it issued again.")
    elif ends - now <= timedelta(days=WARNING_DAYS):
        yield warning(name, f"{path} ends in {(ends - now).days} days, on {ends.date()}: have it issued again.")


def _of_key(files: TlsSetting) -> Iterator[Result]:
    assert files.key is not None
    content = _content(files.name, files.key)
    if isinstance(content, Result):
        yield content
        return
    if files.key.stat().st_mode & stat.S_IRWXO:
        yield warning(files.name, f"Every user of this machine can read the key {files.key}: chmod o-rwx {files.key}.")
    try:
        key = load_pem_private_key(content, None)
    except TypeError:
        yield failed(files.name, f"The key {files.key} is encrypted, and the node has nobody to ask: decrypt it.")
        return
    except ValueError:
        yield failed(files.name, f"{files.key} is no private key in PEM: `openssl pkey -in FILE` writes one.")
        return
    found = None if files.certificate is None else _read(files.name, files.certificate)
    if found is None or isinstance(found, Result):
        return
    if found[0].public_key().public_bytes(*PUBLIC) != key.public_key().public_bytes(*PUBLIC):
        yield failed(
            files.name,
            f"The key {files.key} is not that of {files.certificate}: name the one it was issued for; the node's own "
            "certificate stands first in its file.",
        )


def _of_authorities(name: str, path: Path, now: datetime) -> Iterator[Result]:
    found = _read(name, path)
    if isinstance(found, Result):
        yield found
        return
    in_force = [one for one in found if one.not_valid_before_utc <= now < one.not_valid_after_utc]
    if not in_force:
        yield from _of_time(name, path, found[0], now)
    if not any(_is_authority(one) for one in found):
        yield warning(
            name,
            f"{path} holds no authority's certificate, but one of a server or a client: only who shows that very one "
            "is believed; ask for the authority's.",
        )


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return certificate.issuer == certificate.subject


def _read(name: str, path: Path) -> list[x509.Certificate] | Result:
    content = _content(name, path)
    if isinstance(content, Result):
        return content
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        return failed(name, f"{path} is no certificate in PEM: `openssl x509 -in FILE` writes one.")


def _content(name: str, path: Path) -> bytes | Result:
    try:
        return path.read_bytes()
    except PermissionError:
        who = f"user {os.geteuid()}"
        return failed(name, f"{path} cannot be read by {who}: give it to the node's user with chown or chgrp.")
    except OSError as error:
        return failed(name, f"{path} cannot be read: {error.strerror}. Is the path right?")
