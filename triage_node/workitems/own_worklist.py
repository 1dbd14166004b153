"""The node as the manager of workitems that are pushed to it."""

from collections.abc import Sequence
from dataclasses import replace

from triage_node.errors import IllegalMove, InvalidInput, StudyNotFound
from triage_node.imaging import Item, data_set
from triage_node.workitems.manager import WorkitemRefused
from triage_node.workitems.workitem import IN_PROGRESS, SCHEDULED, Workitem, in_order
from triage_node.worklist import PushedWorkitem, Worklist

PUSHED = ""
"""Stands where the name of a server stands."""


class OwnWorklist:
    """What others pushed, without a network between."""

    name = PUSHED

    def __init__(self, worklist: Worklist) -> None:
        self._pushed = worklist.pushed_workitems

    def scheduled(self) -> Sequence[Workitem]:
        """Return what nobody performs yet."""
        return in_order([_workitem(one) for one in reversed(self._pushed.all(SCHEDULED))])

    def retrieve(self, uid: str) -> Workitem | None:
        """Return a workitem."""
        try:
            return _workitem(self._pushed.get(uid))
        except StudyNotFound:
            return None

    def claim(self, uid: str, transaction_uid: str) -> None:
        """Change the state to IN PROGRESS."""
        self.end(uid, transaction_uid, IN_PROGRESS)

    def update(self, uid: str, transaction_uid: str, changes: Item) -> None:
        """Replace attributes."""
        try:
            self._pushed.update(uid, transaction_uid, changes)
        except (StudyNotFound, IllegalMove, InvalidInput) as error:
            raise WorkitemRefused(str(error)) from error

    def end(self, uid: str, transaction_uid: str, state: str) -> None:
        """Change the state."""
        try:
            self._pushed.change_state(uid, transaction_uid, state)
        except (StudyNotFound, IllegalMove, InvalidInput) as error:
            raise WorkitemRefused(str(error)) from error

    def rest(self) -> None:
        """Nothing is held open."""


def _workitem(pushed: PushedWorkitem) -> Workitem:
    own = {
        "SOPInstanceUID": pushed.workitem_uid,
        "ProcedureStepState": pushed.state,
        "ScheduledProcedureStepPriority": pushed.priority,
    }
    return replace(Workitem.read({**pushed.attributes, **data_set(own)}), cancellation=pushed.cancellation)
