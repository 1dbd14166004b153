"""A deflated data set (PS3.5 Section A.5) as a file: inflated only as far as it is read, little of it kept."""

import io
import os
import zlib
from typing import BinaryIO

from triage_node.errors import InvalidInstance

CHUNK_BYTES = 1 << 16
# Readers step back over what they have just read: a tag, an item, a search for a delimiter.
KEPT_BYTES = 1 << 20


class Inflating(io.BufferedIOBase):
    """The inflated bytes of a file from where it stands.

    Parameters
    ----------
    file
        An open file at the beginning of the deflated data.
    largest_bytes
        Nobody is given more.

    Raises
    ------
    InvalidInstance
        More would be inflated, or a reader steps back farther than is kept.
    """

    def __init__(self, file: BinaryIO, largest_bytes: int) -> None:
        self._file = file
        self._largest_bytes = largest_bytes
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._kept = bytearray()
        self._kept_from = 0
        self._at = 0

    def read(self, size: int | None = -1) -> bytes:
        """Return so many bytes, fewer at the end of the data."""
        if size is None or size < 0:
            size = self._largest_bytes
        if self._at < self._kept_from:
            raise InvalidInstance("The deflated file cannot be read from the front to the end.")
        parts, left = [], size
        while left > 0 and self._inflate_to(self._at):
            start = self._at - self._kept_from
            part = bytes(self._kept[start : start + left])
            parts.append(part)
            left -= len(part)
            self._at += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere; nothing is inflated before it is read."""
        if whence == os.SEEK_END:
            raise io.UnsupportedOperation("the end is not known")
        self._at = offset + (self._at if whence == os.SEEK_CUR else 0)
        return self._at

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._at

    def _inflate_to(self, position: int) -> bool:
        """Have the byte at a position; False when the data ends before it."""
        while position >= self._kept_from + len(self._kept):
            source = self._inflater.unconsumed_tail or self._file.read(CHUNK_BYTES)
            part = self._inflater.decompress(source, CHUNK_BYTES)
            if not part and (not source or self._inflater.eof):
                return False
            self._kept += part
            if self._kept_from + len(self._kept) > self._largest_bytes:
                raise InvalidInstance(f"The file inflates to more than {self._largest_bytes} bytes.")
            if len(self._kept) > 2 * KEPT_BYTES:
                self._kept_from += len(self._kept) - KEPT_BYTES
                del self._kept[:-KEPT_BYTES]
        return True
