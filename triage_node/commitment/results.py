"""The results of the transactions that others asked for: decided once, told until they are taken."""

import logging

from triage_node.commitment.decision import decide
from triage_node.delivery import RetryPolicy
from triage_node.dimse import Event, Reference, Status, commitment_event
from triage_node.errors import StorageError
from triage_node.storage import Spool
from triage_node.worklist import Transaction, Worklist

log = logging.getLogger(__name__)

UNDECIDED_SECONDS = 2.0


class Results:
    """Decide transactions, and note what came of telling."""

    def __init__(self, worklist: Worklist, spool: Spool, policy: RetryPolicy) -> None:
        self._worklist = worklist
        self._transactions = worklist.commitment_transactions
        self._spool = spool
        self._policy = policy

    def event(self, transaction: Transaction) -> Event | None:
        """Return the event that tells the result, None while it cannot be decided.

        Raises
        ------
        StorageError
            The database or the spool cannot be read.
        """
        failures = transaction.failures
        if failures is None:
            decision = decide(transaction.references, self._worklist, self._spool)
            if not decision.is_final:
                return None
            gone = Status.NO_SUCH_SOP_INSTANCE
            failures = self._transactions.decided(transaction.id, decision.failures, gone)
        references = [Reference(*pair) for pair in transaction.references]
        return commitment_event(transaction.transaction_uid, references, failures)

    def undecided(self, transaction: Transaction) -> None:
        """Note that it is to be decided a little later."""
        self._transactions.postpone(transaction.id, UNDECIDED_SECONDS)

    def told(self, transaction: Transaction) -> None:
        """Note that the requestor has taken it."""
        log.info("commitment_told ae_title=%r transaction=%s", transaction.ae_title, transaction.transaction_uid)
        self._transactions.told(transaction.id)

    def not_told(self, transaction: Transaction, error: str) -> None:
        """Note that the requestor has not taken it: it is tried again, or given up."""
        self._transactions.not_told(transaction.id, *self._pause(transaction), error)
        _log_not_told(transaction, error)

    def not_reached(self, transaction: Transaction, error: str) -> None:
        """Note that the requestor cannot be reached, so that none of its results can be told now."""
        self._transactions.not_reached(transaction.ae_title, *self._pause(transaction), error)
        _log_not_told(transaction, error)

    def _pause(self, transaction: Transaction) -> tuple[float, float]:
        return self._policy.pause_seconds(transaction.attempts + 1), self._policy.give_up_seconds


def _log_not_told(transaction: Transaction, error: str) -> None:
    values = (transaction.ae_title, transaction.transaction_uid, transaction.attempts + 1, error)
    log.warning("commitment_not_told ae_title=%r transaction=%s attempts=%d error=%s", *values)


class ResultFollowUp:
    """The result of a transaction, told over the association of its requestor."""

    def __init__(self, number: int, results: Results, worklist: Worklist) -> None:
        self._number = number
        self._results = results
        self._transactions = worklist.commitment_transactions

    def event(self) -> Event | None:
        """Return the event; None when it cannot be decided, or was told meanwhile."""
        try:
            transaction = self._transactions.find(self._number)
            return self._results.event(transaction) if transaction is not None else None
        except StorageError as error:
            log.error("commitment_waits error=%s", error)
            return None

    def ended(self, status: int | None) -> None:
        """Note whether it was taken; where it could not be told, another association is opened for it at once."""
        try:
            transaction = self._transactions.find(self._number)
            if transaction is not None and status == 0:
                self._results.told(transaction)
            elif transaction is not None and status is not None:
                self._results.not_told(transaction, f"it answered 0x{status:04X}")
            elif transaction is not None:
                self._transactions.postpone(self._number, 0.0)
        except StorageError as error:  # it stays due
            log.error("commitment_waits error=%s", error)
