"""The thread that performs the workitems of one worklist (IHE AI Workflow for Imaging, open worklist, pull)."""

import logging
import threading
import time
from collections.abc import Callable

from pydicom.uid import generate_uid

from triage_node.errors import PeerError
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.workitems.follower import Follower, Performing
from triage_node.workitems.input_studies import InputStudies
from triage_node.workitems.manager import Manager, WorkitemRefused
from triage_node.workitems.patience import NOTHING, Patience, ServerState
from triage_node.workitems.performed import progress
from triage_node.workitems.workitem import in_order
from triage_node.worklist import Performance, WorkitemStep, Worklist

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
MOST_AT_ONCE = 8
"""So many claimed workitems are under way; others are left to others meanwhile."""
MOST_TRIES = 5


class Performer:
    """Claim what is scheduled for the node, have its study analyzed, and end it.

    The thread is the worklist's own: a server that is down or silent holds up nothing but itself. The node analyzes
    studies whether somebody asks for it or not; a workitem only says which, brings it here, and hears of the end.

    Parameters
    ----------
    steady
        Seconds of a clock that nobody can set.
    is_on_duty
        Whether this process does it, of several that could.
    """

    def __init__(
        self,
        manager: Manager,
        how: Performing,
        worklist: Worklist,
        inputs: InputStudies,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        is_on_duty: Callable[[], bool] = lambda: True,
    ) -> None:
        self._is_on_duty = is_on_duty
        self._manager = manager
        self._how = how
        self._performances = worklist.performances
        self._steady = steady
        self._patience = Patience(manager.name, steady)
        self._looked_at = steady()
        self._spent_seconds = 0.0
        self._stopping = threading.Event()
        self._follower = Follower(manager, how, worklist, inputs, self._stopping.is_set, clock, steady)
        self._thread = LastingThread(self._run, f"performer-{manager.name}", self._stopping)

    @property
    def state(self) -> ServerState:
        """Whether the server answers."""
        return self._patience.state

    def start(self) -> None:
        """Start performing."""
        self._thread.start()

    def end(self) -> None:
        """Ask for nothing any more."""
        self._stopping.set()

    def stop(self, within_seconds: float) -> None:
        """End; a request that is under way is waited for so long, and then left."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(within_seconds)

    def _run(self) -> None:
        next_at = self._steady()
        while not self._stopping.wait(TICK_SECONDS):
            if self._steady() < next_at or not self._is_on_duty():
                continue
            try:
                self.look()
            except Exception as error:  # a border: whatever a server answers, the thread goes on
                log.error("workitems_failed server=%s error=%s", self._manager.name, origin(error))
            next_at = self._steady() + self._how.poll_seconds
        self._manager.rest()

    def look(self) -> None:
        """Go on with what is under way, then claim what is new."""
        now = self._steady()
        self._spent_seconds, self._looked_at = now - self._looked_at, now
        if not self._patience.may_call:
            return
        try:
            self._advance_all()
            self._claim_new()
            self._patience.answered()
        except PeerError as error:  # also a search that is refused: nothing can be claimed then
            self._patience.failed(error)

    def _advance_all(self) -> None:
        for performance in self._performances.open(self._manager.name):
            if self._stopping.is_set():
                return
            try:
                self._advance(performance)
            except NOTHING:
                raise
            except PeerError as error:
                self._note_refusal(performance, error)

    def _claim_new(self) -> None:
        room = MOST_AT_ONCE - len(self._performances.open(self._manager.name))
        for workitem in in_order(self._manager.scheduled()) if room > 0 else ():
            if room <= 0 or self._stopping.is_set():
                return
            # Kept before it is sent: a node that is cut off here asks again with the same Transaction UID.
            performance = self._performances.begin(self._manager.name, workitem.uid, generate_uid())
            if performance is None:
                continue
            room -= 1
            try:
                self._claim(performance, is_first=True)
            except NOTHING:
                raise
            except PeerError as error:
                self._note_refusal(performance, error)

    def _advance(self, performance: Performance) -> None:
        if performance.step is WorkitemStep.CLAIMING:
            self._claim(performance, is_first=False)
        elif performance.step is WorkitemStep.PERFORMING:
            self._follower.follow(performance, self._spent_seconds)
        else:
            self._follower.finish(performance)

    def _claim(self, performance: Performance, *, is_first: bool) -> None:
        uid, transaction_uid = performance.workitem_uid, performance.transaction_uid
        try:
            self._manager.claim(uid, transaction_uid)
        except WorkitemRefused:
            if is_first or not self._is_ours(performance):
                self._performances.move(performance, WorkitemStep.LOST)
                log.info("workitem_lost server=%s workitem_uid=%s", self._manager.name, uid)
                return
        log.info("workitem_claimed server=%s workitem_uid=%s", self._manager.name, uid)
        self._follower.follow(self._performances.move(performance, WorkitemStep.PERFORMING), 0.0)

    def _is_ours(self, performance: Performance) -> bool:
        """Tell whether an earlier claim, whose answer did not come, was taken: only its performer may update it."""
        try:
            self._manager.update(performance.workitem_uid, performance.transaction_uid, progress(0, "claimed"))
        except WorkitemRefused:
            return False
        return True

    def _note_refusal(self, performance: Performance, error: PeerError) -> None:
        self._performances.try_again(performance)
        if performance.attempts + 1 < MOST_TRIES:
            return
        log.warning("workitem_given_up server=%s workitem_uid=%s", self._manager.name, performance.workitem_uid)
        self._performances.move(performance, WorkitemStep.DROPPED, f"given up: {error}")
