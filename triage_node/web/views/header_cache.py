"""Headers of instances as JSON, kept ready: viewers ask for those of a study again and again."""

import contextlib
import threading
from pathlib import Path

from cachetools import LRUCache

from triage_node.errors import TriageError
from triage_node.imaging import header_as_json

MOST_BYTES = 64 << 20
"""Some 5,000 headers of a CT."""
ADDRESS = b'"BulkDataURI": "'
"""No value of a header can hold it: a quotation mark within a text is escaped."""


class HeaderCache:
    """Read headers, the latest from memory; a file that has changed is read again."""

    def __init__(self) -> None:
        self._headers: LRUCache[tuple[str, int, int], bytes] = LRUCache(MOST_BYTES, getsizeof=len)
        self._lock = threading.Lock()

    def read(self, path: Path, bulkdata_url: str) -> bytes:
        """Return the header of a file as a JSON object.

        Parameters
        ----------
        bulkdata_url
            What addresses of long values begin with; their tag follows.

        Raises
        ------
        InvalidInstance
            The file cannot be read.
        OSError
            It is not there.
        """
        return self._header(path).replace(ADDRESS, ADDRESS + bulkdata_url.encode())

    def prepare(self, path: Path) -> None:
        """Have the header of a file in memory; one that is not there or cannot be read is left to who asks for it."""
        with contextlib.suppress(TriageError, OSError):
            self._header(path)

    def _header(self, path: Path) -> bytes:
        stat = path.stat()
        key = str(path), stat.st_mtime_ns, stat.st_size
        with self._lock:
            header = self._headers.get(key)
        if header is None:
            header = header_as_json(path, lambda tag: tag).encode()
            if len(header) <= MOST_BYTES // 8:
                with self._lock:
                    self._headers[key] = header
        return header
