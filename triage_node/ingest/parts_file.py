"""The bytes of an instance, in parts, read as a file."""

import io

from triage_node.storage import Parts


class PartsFile(io.BufferedIOBase):
    """Parts one behind the other; nothing is copied but what is read."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._size = sum(map(len, parts))
        self._at = 0

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes, fewer at the end."""
        end = self._size if size is None or size < 0 else min(self._at + size, self._size)
        found, start = [], 0
        for part in self._parts:
            if start >= end:
                break
            if start + len(part) > self._at:
                found.append(memoryview(part)[max(0, self._at - start) : end - start])
            start += len(part)
        self._at = max(end, self._at)
        return b"".join(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on reading elsewhere."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at
