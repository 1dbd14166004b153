"""TLS as the BCP 195 profile wants it (PS3.15 B.12; RFC 8996, RFC 9325), for both halves of the protocol."""

import re
import ssl
from pathlib import Path
from typing import Any, Literal

from triage_node.endpoints import TlsFiles
from triage_node.errors import SettingsError

TLS_1_2_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
"""RFC 9325 4.2; those of TLS 1.3 are OpenSSL's, all of which it allows."""

PLACE_IN_C = r" \(_ssl\.c:\d+\)$"

ClientCertificates = Literal["off", "optional", "required"]
VERIFY = {"off": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


class _HandshakeSocket(ssl.SSLSocket):
    """A connection that leaves with its context why a handshake failed: pynetdicom tells nobody."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError as error:
            if isinstance(self.context, ClientContext):
                self.context.failure = reason_of(error)
            raise


class ClientContext(ssl.SSLContext):
    """What a connection that we open speaks; ``failure`` says why the last handshake failed."""

    failure: str = ""
    sslsocket_class = _HandshakeSocket


def client_context(files: TlsFiles) -> ClientContext:
    """Return a context that checks the server's certificate and its name, and shows ours where there is one.

    Raises
    ------
    SettingsError
        A file is not there or cannot be used.
    """
    context = ClientContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    if files.ca is None:
        context.load_default_certs()
    else:
        _load_authorities(context, files.ca)
    if files.certificate is not None:
        _load_certificate(context, files.certificate, files.key)
    return context


def server_context(
    certificate: Path, key: Path, ca: Path | None = None, client_certificates: ClientCertificates = "off"
) -> ssl.SSLContext:
    """Return a context that shows our certificate.

    Parameters
    ----------
    ca
        PEM file of the authorities that sign the certificates of clients.
    client_certificates
        Whether clients must show one; one that is shown is checked unless it is `off`.

    Raises
    ------
    SettingsError
        A file is not there or cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    _load_certificate(context, certificate, key)
    context.verify_mode = VERIFY[client_certificates]
    if ca is not None:
        _load_authorities(context, ca)
    elif client_certificates != "off":
        raise SettingsError("Client certificates cannot be checked without a file of the authorities that sign them.")
    return context


def reason_of(error: OSError) -> str:
    """Return in words why a handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"the TLS handshake failed: {error.reason.lower().replace('_', ' ')}"
    return f"the TLS handshake failed: {re.sub(PLACE_IN_C, '', str(error.strerror or error))}"


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(TLS_1_2_SUITES))
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION


def _load_authorities(context: ssl.SSLContext, ca: Path) -> None:
    try:
        context.load_verify_locations(ca)
    except OSError as error:
        raise SettingsError(f"The authorities in {ca} cannot be read: {_file_reason(error)}.") from error


def _load_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The certificate {certificate} with the key {key} cannot be used: {_file_reason(error)}."
        ) from error


def _file_reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return "the key is not that of the certificate" if "MISMATCH" in (error.reason or "") else "it is no PEM file"
    return str(getattr(error, "strerror", None) or error)


def _no_password(*_: Any) -> str:
    raise ValueError("the key is encrypted, and there is nobody to ask for its password")
