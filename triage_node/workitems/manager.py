"""Who manages workitems: a server, or the node itself."""

from collections.abc import Sequence
from typing import Protocol

from triage_node.errors import PeerRefused
from triage_node.imaging import Item
from triage_node.workitems.workitem import Workitem


class WorkitemRefused(PeerRefused):
    """The workitem is not as the request wants it: another has it, it has ended, or it is gone."""


class Manager(Protocol):
    """A worklist whose workitems are performed; used by one thread at a time.

    Every method raises `WorkitemRefused` when the workitem does not take the request, another `PeerError` when the
    worklist answers nothing now.
    """

    name: str

    def scheduled(self) -> Sequence[Workitem]:
        """Return what is scheduled for the node."""

    def retrieve(self, uid: str) -> Workitem | None:
        """Return a workitem, None when it is gone."""

    def claim(self, uid: str, transaction_uid: str) -> None:
        """Have the node be its performer (PS3.18 11.7)."""

    def update(self, uid: str, transaction_uid: str, changes: Item) -> None:
        """Replace attributes of a workitem that the node performs (PS3.18 11.6)."""

    def end(self, uid: str, transaction_uid: str, state: str) -> None:
        """Have a workitem that the node performs COMPLETED or CANCELED (PS3.18 11.7)."""

    def rest(self) -> None:
        """Let go of connections."""
