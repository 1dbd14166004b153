"""What a backup says of itself: a file beside its contents, written last."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from triage_node.errors import StorageError

FILE_NAME = "inventory.json"
SQLITE_FILE, DUMP_FILE = "worklist.sqlite", "worklist.dump"
FORMAT = 1


class Contents(StrEnum):
    """How much of a node a backup holds; each more than the one before."""

    DATABASE = "database"
    """The worklist with people, tokens and audit trail, and the small files that make the node what it is."""
    RESULTS = "results"
    """Also the stored answers and reports."""
    SPOOL = "spool"
    """Also every image."""


@dataclass(frozen=True)
class Inventory:
    """One backup.

    Attributes
    ----------
    format
        Of the backup; one that is larger is of a newer version.
    version
        Of triage-node that made it.
    made_at, made
        When it was begun, in seconds since 1970, and as a local time in ISO 8601.
    node
        The AE title.
    device_uid
        The UID of the installation.
    contents
        How much it holds.
    database
        ``sqlite`` or ``postgresql``.
    rows
        How many rows each table has.
    sha256
        Digests of the files at the top.
    files, size_bytes
        How many files of the spool it holds, and how long they are together.
    missing
        Of how many instances that the database names no file was there; None where that was not counted.
    """

    version: str
    made_at: float
    made: str
    node: str
    device_uid: str
    contents: Contents
    database: str
    rows: Mapping[str, int]
    sha256: Mapping[str, str] = field(default_factory=dict)
    files: int = 0
    size_bytes: int = 0
    missing: int | None = None
    format: int = FORMAT

    def as_json(self) -> bytes:
        """Return the content of its file."""
        return json.dumps(asdict(self), indent=1).encode() + b"\n"

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the one of a backup.

        Raises
        ------
        StorageError
            The folder is no backup, or one of a newer version.
        """
        path = folder / FILE_NAME
        try:
            content = json.loads(path.read_bytes())
            found = content["format"]
        except FileNotFoundError as error:
            raise StorageError(f"{folder} is no backup: it has no {FILE_NAME}.") from error
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StorageError(f"The backup {folder} is damaged: its {FILE_NAME} cannot be read.") from error
        if found != FORMAT:
            raise StorageError(f"The backup {folder} was made by triage-node {content.get('version')}; use that one.")
        try:
            return cls(**{**content, "contents": Contents(content["contents"])})
        except (TypeError, ValueError, KeyError) as error:
            raise StorageError(f"The backup {folder} is damaged: its {FILE_NAME} cannot be read.") from error

    @property
    def database_file(self) -> str:
        """The name of the file that holds the database."""
        return SQLITE_FILE if self.database == "sqlite" else DUMP_FILE


def sha256_of(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
