"""A DIMSE message as its fragments come in (PS3.7 Section 6.3); a large data set goes to the disk meanwhile."""

from triage_node.dimse.command_set import LONGEST_COMMAND_BYTES, Command
from triage_node.dimse.pdu import ProtocolError
from triage_node.errors import InvalidInstance, StorageError
from triage_node.ingest import Ingest, Sender
from triage_node.storage import Draft

# What an association may hold in memory: an image of 512 x 512 is written at once, as each write yields to the others.
GATHER_BYTES = 640 << 10
# So many fragments are written at once; the system takes 1024 (IOV_MAX).
MOST_FRAGMENTS = 512


class Message:
    """A message; `request` is there when its command set is whole."""

    def __init__(self, context_id: int) -> None:
        self.context_id = context_id
        self.request: Command | None = None
        self._command = bytearray()

    def add_command(self, fragment: memoryview, is_last: bool) -> None:
        """Add a fragment of the command set.

        Raises
        ------
        ProtocolError
            It is too long, or none.
        """
        self._command += fragment
        if len(self._command) > LONGEST_COMMAND_BYTES:
            raise ProtocolError("the command set is too long")
        if is_last:
            try:
                self.request = Command.decode(bytes(self._command))
            except ValueError as error:
                raise ProtocolError(str(error)) from error


class DataSet:
    """The data set of a C-STORE request, made a file as it comes; a large one is on the disk before it is whole.

    Parameters
    ----------
    start
        The bytes of the file before the data set.
    ingest
        Where it goes.
    maximum_bytes
        A longer data set is not taken.
    """

    def __init__(self, start: bytes, ingest: Ingest, maximum_bytes: int) -> None:
        self._ingest = ingest
        self._gathered: list[bytes | memoryview] = [start]
        self._gathered_bytes = len(start)
        self._left = maximum_bytes
        self._draft: Draft | None = None
        self._refusal: InvalidInstance | StorageError | None = None

    def refuse(self, refusal: InvalidInstance | StorageError) -> None:
        """Keep nothing of it; what still comes is dropped."""
        self._refusal = refusal
        self.discard()

    def add(self, fragment: memoryview) -> None:
        """Add a fragment; its bytes stay as they are until the data set was kept or discarded.

        Raises
        ------
        ProtocolError
            The data set is longer than the node takes.
        """
        self._left -= len(fragment)
        if self._left < 0:
            raise ProtocolError("the data set is longer than the node takes")
        if self._refusal is not None:
            return
        self._gathered.append(fragment)
        self._gathered_bytes += len(fragment)
        if len(self._gathered) > MOST_FRAGMENTS:
            self._gathered = [b"".join(self._gathered)]
        if self._gathered_bytes >= GATHER_BYTES:
            try:
                self._write()
            except StorageError as error:
                self.refuse(error)

    def keep(self, sender: Sender) -> None:
        """Have it kept, now that it is whole.

        Raises
        ------
        InvalidInstance, StorageError
            It is refused, and an event says so.
        """
        if self._refusal is not None:
            self._ingest.refuse_instance(self._refusal, sender)
            raise self._refusal
        if self._draft is None:
            self._ingest.receive_parts(self._gathered, sender)
            return
        try:
            self._write()
        except StorageError as error:
            self._ingest.refuse_instance(error, sender)
            raise
        self._ingest.receive_draft(self._draft, sender)

    def discard(self) -> None:
        """Remove the file, if it was not kept."""
        self._gathered, self._gathered_bytes = [], 0
        if self._draft is not None:
            self._draft.discard()
            self._draft = None

    def _write(self) -> None:
        self._draft = self._draft or self._ingest.draft()
        self._draft.write(self._gathered)
        self._gathered, self._gathered_bytes = [], 0
