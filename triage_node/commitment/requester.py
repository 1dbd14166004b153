"""The thread that asks one destination to commit itself to keep what was delivered."""

import logging
import threading
from collections.abc import Callable

from pydicom.dataset import Dataset

from triage_node.delivery import Caller, RetryPolicy
from triage_node.dimse import Reference, Status, new_transaction_uid, request_commitment
from triage_node.endpoints import Destination
from triage_node.errors import PeerError, StorageError
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
PAUSE_AFTER_ERROR_SECONDS = 5.0
# So long a result is waited for on the association of its request; then it comes over another one.
WAIT_SECONDS = 5.0
MOST_AT_ONCE = 200


class Requester:
    """Ask for what was delivered, many reports in one transaction; have sent again what is not committed in time.

    Parameters
    ----------
    take
        Takes Event Type ID and Event Information of a result, and says what is answered.
    is_on_duty
        Whether this process does it, of several that could.
    """

    def __init__(
        self,
        destination: Destination,
        worklist: Worklist,
        caller: Caller,
        policy: RetryPolicy,
        take: Callable[[int | None, Dataset], Status],
        wait_seconds: float = WAIT_SECONDS,
        is_on_duty: Callable[[], bool] = lambda: True,
    ) -> None:
        self._is_on_duty = is_on_duty
        self._destination = destination
        self._requests = worklist.commitment_requests
        self._caller = caller
        self._policy = policy
        self._take = take
        self._wait_seconds = min(wait_seconds, caller.answer_seconds / 2)
        self._failed = 0
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, f"commitment-{destination}", self._stopping)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start asking."""
        self._thread.start()

    def end(self) -> None:
        """Begin no further request."""
        self._stopping.set()

    def stop(self) -> None:
        """End after the request that is under way."""
        self.end()
        self._thread.join(2 * self._caller.timeout_seconds)

    def ask_due(self) -> int:
        """Ask for what is due; return how many deliveries that were."""
        self._requests.expire(self._destination.name)
        due = self._requests.due(self._destination.name, MOST_AT_ONCE)
        if not due:
            return 0
        transaction_uid = new_transaction_uid()
        references = [Reference(*pair) for one in due for pair in one.references]
        self._requests.requested(due, transaction_uid)
        try:
            self._request(transaction_uid, references)
            self._failed = 0
        except (PeerError, ValueError) as error:
            self._failed += 1
            values = (self._destination.name, len(due), error)
            log.warning("commitment_not_requested destination=%s deliveries=%d error=%s", *values)
            self._requests.not_requested(due, self._policy.pause_seconds(self._failed), str(error))
        return len(due)

    def _request(self, transaction_uid: str, references: list[Reference]) -> None:
        caller = self._caller
        request_commitment(
            self._destination.peer,
            transaction_uid,
            references,
            caller.ae_title,
            caller.timeout_seconds,
            caller.answer_seconds,
            self._take,
            self._wait_seconds,
            self._stopping.is_set,
        )

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._is_on_duty():
                    self.ask_due()
                pause = POLL_SECONDS
            except Exception as error:  # a border: the next request must go out
                log.error("commitment_failed error=%s", error if isinstance(error, StorageError) else origin(error))
                pause = PAUSE_AFTER_ERROR_SECONDS
            self._stopping.wait(pause)
