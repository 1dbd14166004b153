"""When a certificate chain ends."""

from pathlib import Path

from cryptography import x509


def chain_end(file: Path) -> float | None:
    """Return when the first certificate of a chain in a PEM file ends, in seconds since 1970; None if unreadable."""
    try:
        chain = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return None
    return min(one.not_valid_after_utc.timestamp() for one in chain)
