"""What a bucket says of an object, and what became of a file that was to be one."""

import hashlib
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

CHECKSUM = "sha256"
"""The name of the object's metadata that holds the SHA-256 of the file, in hexadecimal."""


class Kept(Enum):
    """What became of a file that was to be stored."""

    NEW = auto()
    SAME = auto()
    """The bucket had the very same content."""
    OTHER = auto()
    """The bucket has another content under that name, which is not touched."""


@dataclass(frozen=True)
class StoredObject:
    """An object: its size in bytes and the SHA-256 of its content, empty where nobody noted it."""

    size_bytes: int
    sha256: str = ""

    @classmethod
    def of(cls, answer: dict[str, object]) -> "StoredObject":
        """Read it from the answer to HEAD or GET."""
        metadata = answer.get("Metadata")
        checksum = metadata.get(CHECKSUM, "") if isinstance(metadata, dict) else ""
        return cls(int(str(answer["ContentLength"])), checksum)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
