"""What each kind of destination can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from pydicom.dataset import Dataset

from triage_node.config import Settings


@dataclass(frozen=True)
class Caller:
    """Who calls, and how long it waits for a connection and for an answer."""

    ae_title: str
    timeout_seconds: float
    answer_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the node of these settings."""
        return cls(settings.ae_title, settings.connect_timeout_seconds, settings.answer_timeout_seconds)


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
