"""Why another system cannot be called, found out step by step: name, connection, TLS, AE titles."""

import socket
import ssl
from contextlib import closing
from urllib.parse import urlsplit

from cryptography import x509

from triage_node.checks.names import names_in
from triage_node.dimse import client_context, echo
from triage_node.endpoints import Endpoint, Peer
from triage_node.errors import PeerError, PeerRefused, PeerUnreachable, TriageError
from triage_node.user_agent import Caller

PORTS = {"http": 80, "https": 443, "webhook+http": 80, "webhook+https": 443, "smtp": 25, "smtps": 465}
SECURE = {"dicom": "dicoms", "http": "https", "webhook+http": "webhook+https", "mllp": "mllps", "smtp": "smtps"}
SERVICES = {"dicom": "DICOM", "http": "the web server", "webhook+http": "the web server", "mllp": "HL7", "smtp": "mail"}
PLAIN = {secure: plain for plain, secure in SECURE.items()}
UNKNOWN_CALLING, UNKNOWN_CALLED = (0x01, 0x03), (0x01, 0x07)
"""Source and reason of a rejection, PS3.8 Table 9-21."""
NOT_YET_VALID, EXPIRED, WRONG_HOST, WRONG_ADDRESS = 9, 10, 62, 64
UNSIGNED = frozenset([18, 19, 20, 21])
"""X509_V_ERR_… of OpenSSL's x509_vfy.h: no authority that is believed has signed it."""
NO_TLS = frozenset(["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"])


def way_out(endpoint: Endpoint, error: TriageError, caller: Caller) -> str:
    """Return what can be done about an error of calling a system, a sentence or nothing."""
    rejection = error.data.get("rejection")
    if rejection == UNKNOWN_CALLING:
        return f"Enter {caller.ae_title.strip()} there as an AE title that may connect, with this machine's address."
    if rejection == UNKNOWN_CALLED:
        return f"Its own AE title is another than {endpoint.peer.ae_title}: put that before the @."
    if endpoint.scheme == "file":
        return "Make the folder, and make it the node's own with chown."
    if not isinstance(error, PeerUnreachable):
        return ""
    host, port = _address(endpoint)
    return _of_connection(host, port, caller.timeout_seconds) or _of_tls(endpoint, host, port, caller)


def _address(endpoint: Endpoint) -> tuple[str, int]:
    if endpoint.scheme in ("dicom", "dicoms"):
        return endpoint.peer.host, endpoint.peer.port
    url = urlsplit(endpoint.url)
    return url.hostname or "", url.port or PORTS.get(endpoint.scheme, 0)


def _of_connection(host: str, port: int, timeout_seconds: float) -> str:
    """Return why no connection comes about, nothing when one does."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return f"The name {host} does not resolve: is it spelled right, and does this machine's DNS know it?"
    try:
        socket.create_connection((host, port), timeout_seconds).close()
    except ConnectionRefusedError:
        return f"Nothing listens on port {port} of {host}: is it running, and is that its port?"
    except TimeoutError:
        within = f"Nothing answers from {host} within {timeout_seconds:g} s"
        return f"{within}: is it on, and does each firewall let port {port} pass?"
    except OSError as error:
        return f"{host} cannot be reached from here ({error.strerror}): is the address right, and the network up?"
    return ""


def _of_tls(endpoint: Endpoint, host: str, port: int, caller: Caller) -> str:
    if endpoint.scheme in SECURE:
        if _speaks_tls(host, port, caller.timeout_seconds):
            return f"It speaks TLS there: write {SECURE[endpoint.scheme]}:// instead of {endpoint.scheme}://."
        return f"A connection comes about, but no answer: is that the port of {_service(endpoint)}?"
    if endpoint.scheme not in PLAIN:
        return ""
    try:
        _shake_hands(endpoint, host, port, caller.timeout_seconds)
    except ssl.SSLCertVerificationError as error:
        return _of_certificate(endpoint, host, port, error, caller.timeout_seconds)
    except (TriageError, OSError) as error:
        return _of_handshake(endpoint, error, caller)
    return f"TLS is fine, but there is no answer: is that the port of {_service(endpoint)}?"


def _service(endpoint: Endpoint) -> str:
    kinds = {
        "dicom": "DICOM",
        "http": "the web server",
        "webhook+http": "the web server",
        "mllp": "HL7",
        "smtp": "mail",
    }
    return kinds[PLAIN.get(endpoint.scheme, endpoint.scheme)]


def _shake_hands(endpoint: Endpoint, host: str, port: int, timeout_seconds: float) -> None:
    """Do what a call does; with TLS 1.3 a server says only after the handshake that it wants a certificate."""
    context = client_context(endpoint.tls)
    name = endpoint.tls_server_name or host
    with (
        closing(socket.create_connection((host, port), timeout_seconds)) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.settimeout(min(1.0, timeout_seconds))
        try:
            connection.recv(1)
        except TimeoutError:
            return


def _of_handshake(endpoint: Endpoint, error: Exception, caller: Caller) -> str:
    reason = getattr(error, "reason", None) or ""
    if "CERTIFICATE_REQUIRED" in reason or ("HANDSHAKE_FAILURE" in reason and endpoint.tls_certificate is None):
        return "It wants a certificate of the node: set tls_certificate and tls_key."
    if "UNKNOWN_CA" in reason or "BAD_CERTIFICATE" in reason or "CERTIFICATE_UNKNOWN" in reason:
        return "It does not accept the node's certificate: have tls_certificate signed by one that it believes."
    if reason in NO_TLS or _answers_plain(endpoint, caller):
        return f"It speaks no TLS there: write {PLAIN[endpoint.scheme]}://, or name its port for TLS."
    return ""


def _of_certificate(
    endpoint: Endpoint, host: str, port: int, error: ssl.SSLCertVerificationError, timeout_seconds: float
) -> str:
    shown = _shown_certificate(host, port, timeout_seconds)
    code = error.verify_code
    if code in (WRONG_HOST, WRONG_ADDRESS):
        names = ", ".join(names_in(shown)) if shown is not None else ""
        return f"Its certificate is for {names or 'no host'}: call it by that name, or set tls_server_name to it."
    if code == EXPIRED and shown is not None:
        return f"Its certificate ended on {shown.not_valid_after_utc.date()}: its administrator must renew it."
    if code == NOT_YET_VALID and shown is not None:
        return f"Its certificate begins only on {shown.not_valid_before_utc.date()}: look at both clocks."
    if code in UNSIGNED:
        issuer = "" if shown is None else f" ({shown.issuer.rfc4514_string()})"
        where = f"{endpoint.tls_ca}" if endpoint.tls_ca else "this machine's authorities"
        return f"Who signed its certificate{issuer} is not among {where}: set tls_ca to a file with that authority's."
    return ""


def _shown_certificate(host: str, port: int, timeout_seconds: float) -> x509.Certificate | None:
    context = _believing_everybody()
    try:
        with (
            closing(socket.create_connection((host, port), timeout_seconds)) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            content = connection.getpeercert(binary_form=True)
    except OSError:
        return None
    return None if content is None else x509.load_der_x509_certificate(content)


def _speaks_tls(host: str, port: int, timeout_seconds: float) -> bool:
    return _shown_certificate(host, port, timeout_seconds) is not None


def _believing_everybody() -> ssl.SSLContext:
    """Return a context to look at a certificate with; nothing is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _answers_plain(endpoint: Endpoint, caller: Caller) -> bool:
    """Tell whether a DICOM system answers without TLS, be it by a rejection."""
    if endpoint.scheme != "dicoms":
        return False
    called = endpoint.peer
    try:
        echo(Peer(called.ae_title, called.host, called.port), caller.ae_title, caller.timeout_seconds)
    except PeerRefused:
        return True
    except PeerError:
        return False
    return True
