"""What settings must be together, and how lists of them may be written."""

import ipaddress
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from triage_node.config import Settings


def check_dicom(settings: "Settings") -> None:
    """Refuse a listener that anyone may reach and anyone may send to, unless that is wanted."""
    if settings.allowed_calling_ae_titles and settings.allowed_peers:
        raise ValueError(
            "allowed_calling_ae_titles and allowed_peers exclude each other: move the AE titles to allowed_peers"
        )
    if not settings.allowed_calling_ae_titles and not settings.allowed_peers and not is_loopback(settings.dicom_host):
        raise ValueError(
            f"dicom_host {settings.dicom_host} can be reached from other machines: name who may send in "
            'allowed_peers or allowed_calling_ae_titles, or write ["*"] to allow everyone'
        )


def check_dicom_tls(settings: "Settings") -> None:
    """Refuse a TLS port without what it needs, and a node that listens nowhere."""
    if settings.dicom_tls_port is None:
        if not settings.dicom_plain_enabled:
            raise ValueError("dicom_plain_enabled = false wants a dicom_tls_port: the node would listen nowhere")
        return
    if settings.dicom_tls_certificate is None or settings.dicom_tls_key is None:
        raise ValueError("dicom_tls_port wants dicom_tls_certificate and dicom_tls_key")
    if settings.dicom_tls_client_certificates != "off" and settings.dicom_tls_ca is None:
        raise ValueError(
            "dicom_tls_port wants dicom_tls_ca, whose certificates of senders are believed, or "
            'dicom_tls_client_certificates = "off" when anybody may send without one'
        )


def check_web(settings: "Settings") -> None:
    """Refuse pages that can be reached from other machines without TLS."""
    if (settings.web_tls_certificate is None) != (settings.web_tls_key is None):
        raise ValueError("web_tls_certificate and web_tls_key belong together: set both or none")
    if settings.web_enabled and not is_loopback(settings.web_host) and not settings.web_is_secure:
        raise ValueError(
            f"web_host {settings.web_host} can be reached from other machines: set web_tls_certificate and "
            "web_tls_key, or web_behind_proxy = true when a reverse proxy speaks TLS"
        )


def check_openid(settings: "Settings") -> None:
    """Refuse an OpenID provider without a client, or one that is not asked over TLS."""
    if settings.openid_issuer is None:
        return
    if settings.openid_client_id is None:
        raise ValueError("openid_issuer wants an openid_client_id")
    loopback = is_loopback(urlsplit(settings.openid_issuer).hostname or "")
    if not settings.openid_issuer.startswith("https://") and not loopback:
        raise ValueError("openid_issuer must begin with https://")


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def at_commas(value: Any) -> Any:
    """Return the parts of a list that is written as a text, with commas or as JSON."""
    if not isinstance(value, str):
        return value
    try:
        written = json.loads(value) if value.lstrip().startswith("[") else None
    except ValueError:
        written = None
    return written if isinstance(written, list) else [part.strip() for part in value.split(",") if part.strip()]


def each_text_read(value: Any, read: Callable[[str], Any]) -> Any:
    """Return a list with each text in it read; tables stay, and so does what is no list, for pydantic to refuse."""
    parts = at_commas(value)
    if isinstance(parts, (list, tuple)):
        return tuple(read(part) if isinstance(part, str) else part for part in parts)
    return value
