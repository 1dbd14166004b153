"""Which bucket, and how it is reached."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from triage_node.config import Settings


@dataclass(frozen=True)
class BucketOptions:
    """A bucket of an object storage.

    Parameters
    ----------
    prefix
        Begins the name of each object of ours; empty, or it ends with a slash.
    endpoint
        URL of the server, None for Amazon's.
    credentials_file
        In the form of Amazon's shared credentials; None for the environment or the machine's role.
    encryption
        ``AES256`` or ``aws:kms``; None leaves it to the bucket.
    timeout_seconds
        Longest silence.
    connections
        Requests at once.
    """

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    credentials_file: Path | None = None
    tls_ca: Path | None = None
    encryption: str | None = None
    kms_key: str | None = None
    timeout_seconds: float = 20.0
    connections: int = 8

    @classmethod
    def of(cls, settings: "Settings") -> Self | None:
        """Return those of the settings; None where no bucket is set."""
        if settings.storage_url is None:
            return None
        url = urlsplit(settings.storage_url)
        prefix = url.path.strip("/")
        return cls(
            name=url.netloc,
            prefix=f"{prefix}/" if prefix else "",
            endpoint=settings.storage_endpoint,
            region=settings.storage_region,
            credentials_file=settings.storage_credentials_file,
            tls_ca=settings.storage_tls_ca,
            encryption=None if settings.storage_encryption == "default" else settings.storage_encryption,
            kms_key=settings.storage_kms_key,
            timeout_seconds=settings.storage_timeout_seconds,
            connections=settings.storage_connections,
        )

    @property
    def encryption_arguments(self) -> dict[str, str]:
        """What a request that stores an object says of its encryption."""
        named = {"ServerSideEncryption": self.encryption, "SSEKMSKeyId": self.kms_key}
        return {name: value for name, value in named.items() if value is not None}

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}".rstrip("/") + (f" at {self.endpoint}" if self.endpoint else "")
