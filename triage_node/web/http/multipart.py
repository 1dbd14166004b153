"""Bodies of many parts (RFC 2046, PS3.18 8.6.1.2), sent piece by piece while the next piece is read."""

import asyncio
import io
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fastapi.responses import StreamingResponse

from triage_node.errors import StorageError
from triage_node.ingest import PREFIX_END, without_preamble
from triage_node.web.http.media_types import MediaType

LONGEST_PIECE = 1 << 21
"""Bytes of one body that are in memory at once, twice: one is sent while the next is read."""

T = TypeVar("T")
Readable = io.RawIOBase | io.BytesIO
Source = tuple[Readable, int, bool]
"""What is read, how many bytes, and whether it was made just now and is to be sent at once."""


@dataclass(frozen=True)
class Part:
    """One part: what it is, and its bytes or the file that holds them.

    Attributes
    ----------
    size
        Bytes of the content.
    location
        Where the same content is found alone, for ``Content-Location``.
    """

    media_type: MediaType
    content: bytes | Path
    size: int
    location: str = ""

    @classmethod
    def of_file(cls, media_type: MediaType, path: Path) -> "Part":
        """Make a part of a DICOM file as it is on the disk, its preamble zeroed."""
        return cls(media_type, path, path.stat().st_size)

    @classmethod
    def of_bytes(cls, media_type: MediaType, content: bytes, location: str = "") -> "Part":
        """Make a part of bytes."""
        return cls(media_type, content, len(content), location)


class Multipart:
    """The framing of one body, with a boundary of its own."""

    def __init__(self, root: str) -> None:
        self._boundary = secrets.token_hex(16)
        self.media_type = MediaType.multipart(root, boundary=self._boundary)

    def response(self, parts: Iterable[Part]) -> StreamingResponse:
        """Answer with parts; when they are a sequence the length is announced, so that a body cut off is noticed."""
        headers = {}
        if isinstance(parts, Sequence):
            headers["Content-Length"] = str(sum(len(self._head(part)) + part.size for part in parts) + len(self._end))
        return StreamingResponse(ahead(self.pieces(parts)), 200, headers, str(self.media_type))

    def body(self, parts: Iterable[Part]) -> tuple[Iterator[memoryview], str]:
        """Return the pieces of a body and its media type."""
        return self.pieces(parts), str(self.media_type)

    def pieces(self, parts: Iterable[Part]) -> Iterator[memoryview]:
        """Yield the body in pieces that are large enough to cost little and small enough to hold.

        Raises
        ------
        StorageError
            A file is not as long as it was.
        """
        return _gathered(self._sources(parts))

    def _sources(self, parts: Iterable[Part]) -> Iterator[Source]:
        for part in parts:
            yield io.BytesIO(self._head(part)), len(self._head(part)), False
            yield from _sources(part)
        yield io.BytesIO(self._end), len(self._end), True

    def _head(self, part: Part) -> bytes:
        location = f"Content-Location: {part.location}\r\n" if part.location else ""
        return (
            f"\r\n--{self._boundary}\r\nContent-Type: {part.media_type}\r\nContent-Length: {part.size}\r\n"
            f"{location}\r\n"
        ).encode()

    @property
    def _end(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode()


def alone(part: Part) -> StreamingResponse:
    """Answer with one part's content and nothing around it."""
    pieces = _gathered(_sources(part))
    return StreamingResponse(ahead(pieces), 200, {"Content-Length": str(part.size)}, str(part.media_type))


async def ahead(pieces: Iterator[T]) -> AsyncIterator[T]:
    """Yield what an iterator yields, which works in a thread on the next piece while the last one is sent."""
    loop = asyncio.get_running_loop()
    following = loop.run_in_executor(None, next, pieces, None)
    while (piece := await following) is not None:
        following = loop.run_in_executor(None, next, pieces, None)
        yield piece


def _sources(part: Part) -> Iterator[Source]:
    if not isinstance(part.content, Path):
        yield io.BytesIO(part.content), part.size, True
        return
    with part.content.open("rb", buffering=0) as file:
        # What an earlier version took in may still have a preamble that is an executable (PS3.10 7.1).
        start = without_preamble(file.read(PREFIX_END))
        yield io.BytesIO(start), len(start), False
        yield file, part.size - len(start), False


def _gathered(sources: Iterator[Source]) -> Iterator[memoryview]:
    """Read into one piece what fits, of many files if they are small: each piece costs two changes of threads."""
    piece, at = memoryview(bytearray(LONGEST_PIECE)), 0
    for file, left, is_urgent in sources:
        while left:
            end = min(at + left, LONGEST_PIECE)
            _fill(file, piece[at:end])
            left, at = left - (end - at), end
            if at == LONGEST_PIECE:
                yield piece
                piece, at = memoryview(bytearray(LONGEST_PIECE)), 0
        if is_urgent and at:
            yield piece[:at]
            piece, at = memoryview(bytearray(LONGEST_PIECE)), 0
    if at:
        yield piece[:at]


def _fill(file: Readable, memory: memoryview) -> None:
    while memory:
        read = file.readinto(memory)
        if not read:
            raise StorageError("A file of the spool became shorter while it was sent.")
        memory = memory[read:]
