"""What settings must be together, and how lists and codes may be written."""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from triage_node.findings import FINDING_CODES, LABELS, Code, FindingCode, Label, Trust

if TYPE_CHECKING:
    from triage_node.config import Settings

CODE_NOTATION = re.compile(r'\(?\s*([^\s,"()]+)\s*,\s*([^\s,"()]+)\s*,\s*"?([^"]*[^"\s])"?\s*\)?')
CODE_KEYS = ("finding", "site")
ABSENT_CODES = frozenset({"2667000", "272519000", "373572006", "410516002", "410594000"})
"""Of SNOMED CT, all that say that something is not there: no triage device says so."""


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


def read_finding_codes(value: Any) -> dict[Label, FindingCode]:
    """Return the codes of the labels that a site sets: a text, or a table of ``finding`` and ``site``, for each.

    Raises
    ------
    ValueError
        A label is none of ours, a code is not in the notation or no triage device may say it, or two labels would
        have one code.
    """
    if not isinstance(value, Mapping):
        raise ValueError("must be a table with a label in each line")
    codes = {_label(name): _finding_code(str(name), one) for name, one in value.items()}
    _check_distinct(codes)
    return codes


def written_finding_codes(codes: Mapping[Label, FindingCode]) -> dict[str, dict[str, str]]:
    """Return codes of findings as `read_finding_codes` takes them."""
    return {
        label.value: {key: str(code) for key in CODE_KEYS if (code := getattr(one, key)) is not None}
        for label, one in codes.items()
    }


def _label(name: Any) -> Label:
    if name not in LABELS:
        raise ValueError(f"{name!r} is none of the labels {', '.join(LABELS)}")
    return Label(name)


def _finding_code(name: str, value: Any) -> FindingCode:
    if isinstance(value, FindingCode):
        return value
    table = value if isinstance(value, Mapping) else {"finding": value}
    if unknown := [key for key in table if key not in CODE_KEYS]:
        raise ValueError(f"{name} has no {unknown[0]!r}, only finding and site")
    if "finding" not in table:
        raise ValueError(f"{name} has a site and no finding")
    site = table.get("site")
    return FindingCode(_code(name, table["finding"]), None if site is None else _code(name, site))


def _code(name: str, text: Any) -> Code:
    match = CODE_NOTATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{name} must be like (21454007, SCT, "Subarachnoid hemorrhage"), not {text!r}')
    value, scheme, meaning = match.groups()
    if not text.isascii() or not text.isprintable() or "\\" in text:
        raise ValueError(f"{name} must be in printable ASCII without a backslash, not {text!r}")
    for part, limit, kind in ((value, 16, "value"), (scheme, 16, "scheme"), (meaning, 64, "meaning")):
        if len(part) > limit:
            raise ValueError(f"the {kind} of {name} has more than {limit} characters: {part!r}")
    if value in ABSENT_CODES:
        raise ValueError(f"{name} says that something is absent, which no triage device does: {text!r}")
    return Code(value, scheme, meaning, "set by the site", Trust.REMEMBERED)


def _check_distinct(codes: Mapping[Label, FindingCode]) -> None:
    named: dict[tuple[str, ...], Label] = {}
    for label, one in {**FINDING_CODES, **codes}.items():
        key = tuple(part for code in (one.finding, one.site) if code for part in (code.value, code.scheme))
        if key in named:
            raise ValueError(f"{named[key].value} and {label.value} have the same code {one.finding}")
        named[key] = label
