"""A body that is made whole before it is answered, so that its headers may say how it went; a large one on the disk."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO

from fastapi.responses import StreamingResponse

from triage_node.errors import StorageError
from triage_node.web.http.multipart import ahead

LARGEST_IN_MEMORY = 16 << 20
PIECE = 1 << 20


class KeptBody:
    """The bytes of a body; closed when they have been sent, or by `close`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = file.tell()

    def close(self) -> None:
        """Forget the bytes."""
        self._file.close()

    def response(self, media_type: str, headers: Mapping[str, str]) -> StreamingResponse:
        """Answer with the bytes."""
        named = {"Content-Length": str(self._size), **headers}
        return StreamingResponse(ahead(self._pieces()), 200, named, media_type)

    def _pieces(self) -> Iterator[bytes]:
        self._file.seek(0)
        with self._file:
            while piece := self._file.read(PIECE):
                yield piece


def kept_whole(pieces: Iterable[bytes | memoryview]) -> KeptBody:
    """Make a body.

    Raises
    ------
    StorageError
        The disk takes nothing.
    """
    file = tempfile.SpooledTemporaryFile(LARGEST_IN_MEMORY)  # noqa: SIM115 - it is closed when it has been sent
    for piece in pieces:
        try:
            file.write(piece)
        except OSError as error:
            file.close()
            raise StorageError("The answer cannot be kept before it is sent: the disk takes nothing.") from error
    return KeptBody(file)
