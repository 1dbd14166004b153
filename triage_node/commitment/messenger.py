"""The thread that tells results to those who did not wait for them, over associations of our own."""

import logging
import threading
from collections.abc import Callable

from triage_node.commitment.peers import RequestorPeers
from triage_node.commitment.results import Results
from triage_node.delivery import Caller
from triage_node.dimse import report_commitment
from triage_node.errors import PeerCongested, PeerError, PeerUnreachable, StorageError
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.worklist import Transaction, Worklist

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
PAUSE_AFTER_ERROR_SECONDS = 5.0
MOST_AT_ONCE = 20


class Messenger:
    """Tell what is due. A requestor whose address nobody knows is told when it associates itself.

    Parameters
    ----------
    is_on_duty
        Whether this process does it, of several that could.
    """

    def __init__(
        self,
        worklist: Worklist,
        results: Results,
        peers: RequestorPeers,
        caller: Caller,
        is_on_duty: Callable[[], bool] = lambda: True,
    ) -> None:
        self._is_on_duty = is_on_duty
        self._worklist = worklist
        self._results = results
        self._peers = peers
        self._caller = caller
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, "commitment-messenger", self._stopping)

    def start(self) -> None:
        """Start telling."""
        self._thread.start()

    def stop(self) -> None:
        """End after the result that is being told; one whose answer takes longer is told again at the next start."""
        self._stopping.set()
        self._thread.join(2 * self._caller.timeout_seconds)

    def tell_due(self) -> int:
        """Tell what is due, and return how many transactions that were."""
        due = self._worklist.commitment_transactions.due(MOST_AT_ONCE)
        not_reached: set[str] = set()
        for transaction in due:
            if self._stopping.is_set():
                break
            if transaction.ae_title not in not_reached and not self._tell(transaction):
                not_reached.add(transaction.ae_title)
        return len(due)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = 0.0 if self._is_on_duty() and self.tell_due() == MOST_AT_ONCE else POLL_SECONDS
            except Exception as error:  # a border: the others' results must go on being told
                log.error("commitment_failed error=%s", error if isinstance(error, StorageError) else origin(error))
                pause = PAUSE_AFTER_ERROR_SECONDS
            self._stopping.wait(pause)

    def _tell(self, transaction: Transaction) -> bool:
        """Tell one result; False when its requestor cannot be reached."""
        event = self._results.event(transaction)
        if event is None:
            self._results.undecided(transaction)
            return True
        peer = self._peers.get(transaction.ae_title)
        if peer is None:
            self._results.not_reached(transaction, "its address is not known (commitment_peers)")
            return False
        try:
            report_commitment(
                peer, event, self._caller.ae_title, self._caller.timeout_seconds, self._caller.answer_seconds
            )
        except (PeerUnreachable, PeerCongested) as error:
            self._results.not_reached(transaction, str(error))
            return False
        except (PeerError, ValueError) as error:
            self._results.not_told(transaction, str(error))
        else:
            self._results.told(transaction)
        return True
