"""Bodies of many parts (RFC 2046, PS3.18 8.6.1.2), sent piece by piece while the next piece is read."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fastapi.responses import StreamingResponse

from triage_node.errors import StorageError
from triage_node.web.media_types import MediaType

LONGEST_PIECE = 1 << 20
"""Bytes of one body that are in memory at once, twice: one is sent while the next is read."""

T = TypeVar("T")


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
        """Make a part of a file as it is on the disk."""
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

    def pieces(self, parts: Iterable[Part]) -> Iterator[bytes | memoryview]:
        """Yield the body in pieces that are large enough to cost little and small enough to hold.

        Raises
        ------
        StorageError
            A file is not as long as it was.
        """
        for part in parts:
            if isinstance(part.content, Path):
                yield from _pieces_of_file(self._head(part), part.content, part.size)
            else:
                yield self._head(part)
                yield from _slices(memoryview(part.content))
        yield self._end

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
    pieces = (
        _pieces_of_file(b"", part.content, part.size)
        if isinstance(part.content, Path)
        else _slices(memoryview(part.content))
    )
    return StreamingResponse(ahead(pieces), 200, {"Content-Length": str(part.size)}, str(part.media_type))


async def ahead(pieces: Iterator[T]) -> AsyncIterator[T]:
    """Yield what an iterator yields, which works in a thread on the next piece while the last one is sent."""
    loop = asyncio.get_running_loop()
    following = loop.run_in_executor(None, next, pieces, None)
    while (piece := await following) is not None:
        following = loop.run_in_executor(None, next, pieces, None)
        yield piece


def _pieces_of_file(head: bytes, path: Path, size: int) -> Iterator[memoryview]:
    """Read the head of the part and the file into the same memory: what is sent is copied once only."""
    with path.open("rb", buffering=0) as file:
        at, left = len(head), size
        piece = memoryview(bytearray(at + min(left, LONGEST_PIECE)))
        piece[:at] = head
        while True:
            _fill(file, piece[at:])
            left -= len(piece) - at
            yield piece
            if not left:
                return
            at, piece = 0, memoryview(bytearray(min(left, LONGEST_PIECE)))


def _fill(file: object, memory: memoryview) -> None:
    while memory:
        read = file.readinto(memory)  # type: ignore[attr-defined]
        if not read:
            raise StorageError("A file of the spool became shorter while it was sent.")
        memory = memory[read:]


def _slices(content: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(content), LONGEST_PIECE):
        yield content[start : start + LONGEST_PIECE]
