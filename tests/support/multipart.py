"""Bodies of STOW-RS requests, put together by hand so that they can be wrong."""

from collections.abc import Iterable
from pathlib import Path

BOUNDARY = "f00d"
CONTENT_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
END = f"--{BOUNDARY}--\r\n".encode()


def part(content: bytes, content_type: str = "application/dicom") -> bytes:
    """Return one part with the boundary before it."""
    return f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n".encode() + content + b"\r\n"


def body(contents: Iterable[bytes]) -> bytes:
    """Return a whole body."""
    return b"".join(map(part, contents)) + END


def body_of_files(paths: Iterable[Path]) -> bytes:
    """Return a body of files."""
    return body(path.read_bytes() for path in paths)
