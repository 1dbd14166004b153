"""A DIMSE message as its fragments come in (PS3.7 Section 6.3); a large data set goes to the disk meanwhile."""

from collections.abc import Callable

from triage_node.errors import InvalidInstance, StorageError
from triage_node.intake.command import LONGEST_COMMAND_BYTES, Command
from triage_node.intake.pdu import ProtocolError
from triage_node.spool import Draft

# Fewer writes cost less; this much is what an association may hold in memory.
GATHER_BYTES = 1 << 18


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
    """The data set of a C-STORE request, made a file on the disk as it comes.

    Parameters
    ----------
    start
        The bytes of the file before the data set.
    begin
        Begins a file.
    maximum_bytes
        A longer data set is not taken.

    Attributes
    ----------
    refusal
        Why it is not kept; what still comes of it is dropped.
    """

    def __init__(self, start: bytes, begin: Callable[[], Draft], maximum_bytes: int) -> None:
        self._begin = begin
        self._gathered = bytearray(start)
        self._left = maximum_bytes
        self._draft: Draft | None = None
        self.refusal: InvalidInstance | StorageError | None = None

    def refuse(self, refusal: InvalidInstance | StorageError) -> None:
        """Keep nothing of it."""
        self.refusal = refusal
        self.discard()

    def add(self, fragment: memoryview) -> None:
        """Add a fragment.

        Raises
        ------
        ProtocolError
            The data set is longer than the node takes.
        """
        self._left -= len(fragment)
        if self._left < 0:
            raise ProtocolError("the data set is longer than the node takes")
        if self.refusal is None:
            self._gathered += fragment
            if len(self._gathered) >= GATHER_BYTES:
                self._write()

    def whole(self) -> Draft | None:
        """Return the file with all that came, None when it was refused."""
        if self.refusal is None:
            self._write()
        return self._draft

    def discard(self) -> None:
        """Remove the file, if it was not kept."""
        self._gathered = bytearray()
        if self._draft is not None:
            self._draft.discard()
            self._draft = None

    def _write(self) -> None:
        try:
            self._draft = self._draft or self._begin()
            self._draft.write(self._gathered)
            self._gathered = bytearray()
        except StorageError as error:
            self.refuse(error)
