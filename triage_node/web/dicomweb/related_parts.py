"""The parts of a multipart/related body (RFC 2046, RFC 2387), taken apart as they come in, every length bounded."""

import re
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from triage_node.errors import InvalidInput, InvalidInstance, StorageError
from triage_node.web.http.media_types import MediaType

MOST_PARTS = 20_000
LONGEST_PREAMBLE = 64 << 10
"""Bytes before the first boundary, which say nothing (RFC 2046 5.1.1)."""
# RFC 2046 5.1.1 allows 70; Orthanc makes 73.
LONGEST_BOUNDARY = 200
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]*[0-9A-Za-z'()+_,./:=?-]")


@dataclass
class Part:
    """A part as it comes in.

    Attributes
    ----------
    content
        What has come in since the last `take`.
    size_bytes
        Everything that has come in.
    error
        Why it is given up; the rest of it is then dropped.
    """

    content_type: str = ""
    content: bytearray = field(default_factory=bytearray)
    size_bytes: int = 0
    error: InvalidInstance | StorageError | None = None

    def take(self) -> bytes:
        """Return what has come in since the last time."""
        taken, self.content = bytes(self.content), bytearray()
        return taken

    def give_up(self, error: InvalidInstance | StorageError) -> None:
        """Drop what is here and what will come."""
        self.error, self.content = error, bytearray()


def boundary_of(content_type: MediaType) -> str:
    """Return the boundary of a multipart body.

    Raises
    ------
    InvalidInput
        It has none, or one with other characters than RFC 2046 5.1.1 allows.
    """
    boundary = content_type.parameters.get("boundary", "")
    if len(boundary) > LONGEST_BOUNDARY or not BOUNDARY.fullmatch(boundary):
        raise InvalidInput("The body has no boundary, or one that is too long or has other characters than allowed.")
    return boundary


class PartReader:
    """Take a body apart; what is not yet taken of the open part is all that is held.

    Parameters
    ----------
    largest_bytes
        A larger part is given up.
    """

    def __init__(self, boundary: str, largest_bytes: int) -> None:
        self._largest_bytes = largest_bytes
        self._delimiter = b"--" + boundary.encode()
        self._preamble: bytes | None = b""
        self._finished: list[Part] = []
        self.parts = 0
        self._field = self._value = b""
        self.open: Part | None = None
        self.ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._take,
                "on_part_end": self._finish,
                "on_header_field": self._name,
                "on_header_value": self._describe,
                "on_header_end": self._head,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> list[Part]:
        """Take more of the body; return the parts that it makes whole.

        Raises
        ------
        InvalidInput
            The body is not made as its boundary says, or has too many parts.
        """
        if self._preamble is not None:
            chunk = self._after_preamble(self._preamble + chunk)
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise InvalidInput("The body is not made of parts between its boundary.") from error
        finished, self._finished = self._finished, []
        return finished

    def _after_preamble(self, start: bytes) -> bytes:
        """Return what follows the preamble, empty while there may be more of it."""
        at = 0 if start.startswith(self._delimiter) else start.find(b"\r\n" + self._delimiter)
        if at >= 0:
            self._preamble = None
            return start[at:]
        if len(start) > LONGEST_PREAMBLE:
            raise InvalidInput("The body does not begin with its boundary.")
        self._preamble = start
        return b""

    def _begin(self) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise InvalidInput(f"The body has more than {MOST_PARTS} parts.")
        self.open = Part()

    def _name(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _describe(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _head(self) -> None:
        if self.open is not None and self._field.lower() == b"content-type":
            self.open.content_type = parse_options_header(self._value)[0].decode("latin-1")
        self._field = self._value = b""

    def _take(self, data: bytes, start: int, end: int) -> None:
        part = self.open
        if part is None:
            return
        part.size_bytes += end - start
        if part.size_bytes > self._largest_bytes and part.error is None:
            part.give_up(InvalidInstance(f"The instance is larger than {self._largest_bytes} bytes."))
        if part.error is None:
            part.content += memoryview(data)[start:end]

    def _finish(self) -> None:
        if self.open is not None:
            self._finished.append(self.open)
        self.open = None

    def _end(self) -> None:
        self.ended = True
