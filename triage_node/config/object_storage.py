"""Settings of object storage."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, model_validator

from triage_node.config.quantities import Time

URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.=-]+)*/?", re.ASCII)


class ObjectStorageSettings(BaseModel):
    """A bucket that all machines read from; without one the data folder has everything."""

    storage_url: str | None = Field(
        None, description="`s3://BUCKET/PREFIX` where instances and results are copied to; default none (extra `[s3]`)"
    )
    storage_endpoint: str | None = Field(
        None, description="URL of the server that speaks S3; default that of Amazon in `storage_region`"
    )
    storage_region: str | None = Field(None, description="region of the bucket; default what the environment says")
    storage_credentials_file: Path | None = Field(
        None,
        description="file with `aws_access_key_id` and `aws_secret_access_key` under `[default]`, read again when they "
        "are refused; default the environment (`AWS_ACCESS_KEY_ID`, …) or the machine's role",
    )
    storage_tls_ca: Path | None = Field(None, description="PEM file of the authorities that sign the certificate")
    storage_encryption: Literal["default", "AES256", "aws:kms"] = Field(
        "default", description="what the server shall encrypt with; `default` leaves it to the bucket"
    )
    storage_kms_key: str | None = Field(None, description="key for `aws:kms`; default the account's")
    storage_timeout_seconds: Time = Field(
        20.0, description="longest silence of the object storage, in connecting and in each answer"
    )
    storage_connections: Annotated[int, Field(ge=1, le=100)] = Field(
        8, description="files copied to or from the object storage at once"
    )
    storage_cache_gb: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        50.0, description="local copies of what is in the object storage that stay, those last used"
    )

    @model_validator(mode="after")
    def _check_object_storage(self) -> Self:
        """Refuse an address that names no bucket, and what contradicts it."""
        if self.storage_url is not None and not URL.fullmatch(self.storage_url):
            raise ValueError(f"storage_url {self.storage_url!r} is not of the form s3://BUCKET/PREFIX")
        if self.storage_endpoint is not None:
            _check_endpoint(self.storage_endpoint)
        if self.storage_kms_key is not None and self.storage_encryption != "aws:kms":
            raise ValueError("storage_kms_key is for storage_encryption aws:kms")
        return self


def _check_endpoint(text: str) -> None:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/") or url.query or url.fragment:
        raise ValueError(f"storage_endpoint {text!r} is not of the form https://HOST:PORT")
    if url.username is not None or url.password is not None:
        raise ValueError("storage_endpoint: credentials stand in storage_credentials_file or the environment")
