"""What a dispatcher asks of whatever sends: one delivery after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from triage_node.worklist import Delivery


@dataclass(frozen=True)
class Sent:
    """What was sent with one delivery.

    Attributes
    ----------
    message
        What is to be told of it, without patient data.
    stored
        SOP class and instance UIDs of the objects that the destination stored.
    """

    message: str
    stored: Sequence[tuple[str, str]] = ()


class Sender(Protocol):
    """What sends to one destination; used by one thread at a time."""

    def send(self, delivery: Delivery) -> Sent:
        """Send what a delivery is about.

        Raises
        ------
        PeerUnreachable, PeerCongested, PeerDenied
            Nothing can be sent there now.
        PeerError
            This delivery is not taken, now or ever (`retryable`).
        TriageError
            What is to be sent cannot be read.
        """

    def rest(self) -> None:
        """Let go of connections: there is nothing to send for the moment."""
