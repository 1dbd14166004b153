"""The thread that takes one destination's reports there."""

import logging
import threading
import time
from collections.abc import Callable

from pydicom.dataset import Dataset

from triage_node.delivery.outage import Line, Reach
from triage_node.delivery.retry import RetryPolicy
from triage_node.delivery.targets import Target
from triage_node.errors import (
    InvalidInstance,
    PeerCongested,
    PeerDenied,
    PeerError,
    PeerUnreachable,
    StorageError,
    TriageError,
)
from triage_node.imaging import read_intact
from triage_node.logs import origin
from triage_node.storage import Spool, StoredResult
from triage_node.worklist import Delivery, Worklist

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
PAUSE_AFTER_ERROR_SECONDS = 5.0


class Dispatcher:
    """Deliver the reports for one destination, oldest first; a dead PACS holds up nobody else's reports.

    While the destination does not answer, one report after the other is tried at growing pauses; the others wait. As
    soon as one gets through, all of them are due.

    Parameters
    ----------
    destination
        Its name, under which the outbox has its deliveries.
    target
        What sends there.
    stop_seconds
        How long `stop` waits for the delivery that is under way.
    commitment_seconds
        In this time the destination shall commit itself to keep what it stores; None when it is not asked to.
    clock
        Seconds since 1970.
    steady
        Seconds of a clock that nobody can set.
    """

    def __init__(
        self,
        destination: str,
        target: Target,
        worklist: Worklist,
        spool: Spool,
        policy: RetryPolicy,
        stop_seconds: float,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        commitment_seconds: float | None = None,
    ) -> None:
        self._destination = destination
        self._target = target
        self._worklist = worklist
        self._spool = spool
        self._policy = policy
        self._stop_seconds = stop_seconds
        self._steady = steady
        self._commitment_seconds = commitment_seconds
        self._line = Line(destination, policy, clock, steady)
        self._in_hand: Delivery | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"dispatcher-{destination}", daemon=True)

    @property
    def reach(self) -> Reach:
        """Whether the destination answers."""
        return self._line.reach

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start delivering."""
        self._thread.start()

    def end(self) -> None:
        """Begin no further delivery."""
        self._stopping.set()

    def stop(self) -> None:
        """End after the delivery that is under way; one whose answer takes longer is sent again at the next start."""
        self.end()
        self._thread.join(timeout=self._stop_seconds)

    def renew(self) -> None:
        """Prolong the lease of the delivery that is under way; called again and again."""
        delivery = self._in_hand
        if delivery is not None and self.is_alive:
            self._worklist.outbox.renew(delivery)

    def _run(self) -> None:
        refused = False
        while not self._stopping.is_set():
            try:
                if not self.deliver_next():
                    self._target.rest()
                    self._stopping.wait(POLL_SECONDS)
                refused = False
            except StorageError as error:
                if not refused:
                    log.error("outbox_failed destination=%s error=%s", self._destination, error)
                refused = True
                self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS)
        self._target.rest()

    def deliver_next(self) -> bool:
        """Try what is due now; False when nothing is."""
        if not self._line.may_call:
            return False
        delivery = self._worklist.outbox.claim_next(self._destination, is_probe=self._line.is_down)
        if delivery is None:
            return False
        self._in_hand = delivery
        try:
            self.deliver(delivery)
        finally:
            self._in_hand = None
        return True

    def deliver(self, delivery: Delivery) -> None:
        """Try one delivery, and write what came of it."""
        start, outbox = self._steady(), self._worklist.outbox
        try:
            result = self._spool.result(delivery.study_instance_uid, delivery.folder)
            sent = self._target.send(_variants(result))
            picture, words = self._send_picture(result)
        except (PeerUnreachable, PeerCongested, PeerDenied) as error:
            self._wait_for_destination(delivery, self._steady() - start, error)
        except PeerError as error:
            self._answered()
            self._postpone_or_give_up(delivery, self._steady() - start, error)
        except TriageError as error:
            self._postpone_or_give_up(delivery, self._steady() - start, error)
        except Exception as error:
            reason = origin(error)
            log.error("delivery_failed destination=%s error=%s", self._destination, reason)
            self._settle(lambda: outbox.mark_dead(delivery, reason))
        else:
            log.info("delivered destination=%s sop_instance_uid=%s", self._destination, sent.SOPInstanceUID)
            message = "; ".join(filter(None, [f"{sent.SOPClassUID.name}, {sent.SOPInstanceUID}", words]))
            stored = [(str(ds.SOPClassUID), str(ds.SOPInstanceUID)) for ds in (sent, *picture)]
            self._settle(lambda: outbox.delivered(delivery, message, stored, self._commitment_seconds))
            self._answered()

    def _settle(self, write: Callable[[], object]) -> None:
        """Write what came of a delivery, as soon as the database takes it: it must not be sent again for that."""
        refused = False
        while True:
            try:
                write()
                return
            except StorageError as error:
                if not refused:
                    log.error("delivery_not_noted destination=%s error=%s", self._destination, error)
                refused = True
                if self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS):
                    raise

    def _send_picture(self, result: StoredResult) -> tuple[list[Dataset], str]:
        """Send the picture that goes with a report, if there is one; who refuses it has the report all the same.

        Returns
        -------
        stored, words
            The picture when it was stored, and what is to be told of it.

        Raises
        ------
        PeerError
            When trying again helps: report and picture are then sent once more, as the same objects.
        """
        content = result.picture()
        if content is None:
            return [], ""
        try:
            sent = self._target.send([_parsed(content, result)])
            return [sent], f"picture {sent.SOPInstanceUID}"
        except PeerError as error:
            if error.retryable:
                raise
            return [], f"picture not taken: {error}"

    def _answered(self) -> None:
        outage = self._line.answered()
        if outage is not None and outage.tries > 1:
            self._settle(lambda: self._worklist.outbox.hasten(self._destination))

    def _wait_for_destination(self, delivery: Delivery, spent_seconds: float, error: PeerError) -> None:
        before, reason = self._line.pause_seconds, str(error)
        outage = self._line.failed(reason, error.retry_after_seconds)
        outbox, longer = self._worklist.outbox, before + spent_seconds
        if self._policy.gives_up(delivery.tried_seconds + longer):
            self._settle(lambda: outbox.mark_dead(delivery, reason))
        else:
            self._settle(lambda: outbox.retry(delivery, outage.pause_seconds, reason))
        give_up_seconds = self._policy.give_up_seconds
        self._settle(lambda: outbox.hold_back(self._destination, longer, give_up_seconds, reason))

    def _postpone_or_give_up(self, delivery: Delivery, spent_seconds: float, error: TriageError) -> None:
        outbox, reason = self._worklist.outbox, str(error)
        gives_up = not error.retryable or self._policy.gives_up(delivery.tried_seconds + spent_seconds)
        if gives_up or delivery.attempts == 1:
            log.warning("delivery_not_taken destination=%s given_up=%s error=%s", self._destination, gives_up, reason)
        if gives_up:
            self._settle(lambda: outbox.mark_dead(delivery, reason))
            return
        pause = self._policy.pause_seconds(delivery.attempts)
        self._settle(lambda: outbox.retry(delivery, pause, reason, spent_seconds + pause))


def _variants(result: StoredResult) -> list[Dataset]:
    """Return a report in each class that a peer may accept, in the order in which they are offered."""
    reports = result.reports()
    if not reports:
        raise TriageError(f"The report is missing in {result.folder}.")
    return [_parsed(content, result) for content in reports]


def _parsed(content: bytes, result: StoredResult) -> Dataset:
    """Return a stored object; what is damaged stays so, what cannot be opened now may be later."""
    try:
        return read_intact(content)
    except InvalidInstance as error:
        raise TriageError(f"An object in {result.folder} is damaged: {error}") from error
