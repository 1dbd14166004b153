"""What each kind of destination can do."""

from collections.abc import Sequence
from typing import Protocol

from pydicom.dataset import Dataset


class Target(Protocol):
    """A destination of one kind; used by one thread at a time."""

    def send(self, variants: Sequence[Dataset]) -> Dataset:
        """Send the first of several renderings of one object that is taken, and return it when it is stored there.

        Raises
        ------
        PeerUnreachable, PeerCongested, PeerDenied
            Nothing can be sent there now.
        PeerBusy
            This object is not taken now.
        PeerRefused
            It never will be.
        """

    def check(self) -> str:
        """Try the way there without sending a report; return what it does, as in "answers C-ECHO in 3 ms".

        Raises
        ------
        PeerError
            Reports cannot be sent there.
        """

    def rest(self) -> None:
        """Let go of connections: there is nothing to send for the moment."""
