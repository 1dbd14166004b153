"""Who tells, and that nobody changed it: the signature of Standard Webhooks 1.0 (HMAC-SHA256)."""

import base64
import binascii
import hashlib
import hmac
from pathlib import Path

from triage_node.errors import SettingsError

PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)
"""Standard Webhooks, Signature scheme: between 24 and 64 random bytes."""


def read_secret(path: Path) -> bytes:
    """Return the secret in a file.

    Raises
    ------
    SettingsError
        The file cannot be read or holds none.
    """
    try:
        text = path.read_text().strip()
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except OSError as error:
        raise SettingsError(f"The secret file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, binascii.Error) as error:
        raise SettingsError(_wrong(path)) from error
    if not text.startswith(PREFIX) or len(secret) not in SECRET_BYTES:
        raise SettingsError(_wrong(path))
    return secret


def signed_headers(secret: bytes, identifier: str, at: float, body: bytes) -> dict[str, str]:
    """Return the headers that sign a message.

    Parameters
    ----------
    at
        When it is sent, in seconds since 1970.
    """
    signed = b".".join((identifier.encode(), str(int(at)).encode(), body))
    signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,{signature}",
    }


def _wrong(path: Path) -> str:
    return (
        f"The secret file {path} must hold {PREFIX} and base64 of {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes; "
        f'make one with: echo "{PREFIX}$(openssl rand -base64 32)"'
    )
