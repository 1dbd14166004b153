"""The thread that takes one destination's reports there."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from triage_node.delivery.outage import Line, Reach
from triage_node.delivery.retry import RetryPolicy
from triage_node.delivery.sender import Sender
from triage_node.errors import (
    PeerCongested,
    PeerDenied,
    PeerError,
    PeerUnreachable,
    StorageError,
    TriageError,
    Trouble,
)
from triage_node.instrumentation import DeliveryResult, Instruments, NoTraces, Traces
from triage_node.lasting_thread import LastingThread
from triage_node.logs import origin
from triage_node.worklist import Channel, Delivery, Worklist

log = logging.getLogger(__name__)

Written = TypeVar("Written")

POLL_SECONDS = 0.2
PAUSE_AFTER_ERROR_SECONDS = 5.0
MOST_UNFORESEEN = 5
"""So often a delivery is tried that fails by an error nobody foresaw."""


class Dispatcher:
    """Deliver the reports for one destination, oldest first; a dead PACS holds up nobody else's reports.

    While the destination does not answer, one report after the other is tried at growing pauses; the others wait. As
    soon as one gets through, all of them are due.

    Parameters
    ----------
    destination
        Its name, under which the outbox has its deliveries.
    sender
        What sends there.
    stop_seconds
        How long `stop` waits for the delivery that is under way.
    commitment_seconds
        In this time the destination shall commit itself to keep what it stores; None when it is not asked to.
    is_on_duty
        Whether this process does it, of several that could.
    clock
        Seconds since 1970.
    steady
        Seconds of a clock that nobody can set.
    instruments, traces
        Count and time what is tried.
    """

    def __init__(
        self,
        destination: str,
        sender: Sender,
        worklist: Worklist,
        policy: RetryPolicy,
        stop_seconds: float,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        commitment_seconds: float | None = None,
        is_on_duty: Callable[[], bool] = lambda: True,
        instruments: Instruments | None = None,
        traces: Traces | None = None,
    ) -> None:
        self._is_on_duty = is_on_duty
        self._destination = destination
        self._sender = sender
        self._worklist = worklist
        self._policy = policy
        self._stop_seconds = stop_seconds
        self._clock = clock
        self._steady = steady
        self._commitment_seconds = commitment_seconds
        self._instruments = instruments or Instruments()
        self._instruments.expect_destination(destination)
        self._traces = traces or NoTraces()
        self._line = Line(destination, policy, clock, steady)
        self._trouble = ""
        self._in_hand: Delivery | None = None
        self._unforeseen: Counter[int] = Counter()
        self._stopping = threading.Event()
        self._thread = LastingThread(self._run, f"dispatcher-{destination}", self._stopping)

    @property
    def reach(self) -> Reach:
        """Whether the destination answers."""
        return replace(self._line.reach, trouble=self._trouble)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def is_sending(self) -> bool:
        """Whether a delivery is under way."""
        return self._in_hand is not None

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

    def try_now(self) -> None:
        """Call the destination at once, whatever pause was made; what waits for it must be due."""
        self._line.end_pause()

    def renew(self) -> None:
        """Prolong the lease of the delivery that is under way; called again and again."""
        delivery = self._in_hand
        if delivery is not None and self.is_alive:
            self._worklist.outbox.renew(delivery)

    def _run(self) -> None:
        refused = False
        waiter = self._worklist.waiter(Channel.DELIVERIES)
        while not self._stopping.is_set():
            try:
                if not self.deliver_next():
                    self._sender.rest()
                    waiter.wait(POLL_SECONDS)
                refused = False
            except StorageError as error:
                if not refused:
                    log.error("outbox_failed destination=%s error=%s", self._destination, error)
                refused = True
                self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS)
        self._sender.rest()

    def deliver_next(self) -> bool:
        """Try what is due now; False when nothing is."""
        if not self._is_on_duty():
            return False
        self._worklist.schedule.keep(self._destination)
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
            sent = self._sender.send(delivery)
        except (PeerUnreachable, PeerCongested, PeerDenied) as error:
            self._tried(delivery, DeliveryResult.NO_ANSWER, start, error.trouble)
            self._wait_for_destination(delivery, self._steady() - start, error)
        except PeerError as error:
            self._tried(delivery, DeliveryResult.REFUSED, start, error.trouble)
            self._answered()
            self._postpone_or_give_up(delivery, self._steady() - start, error)
        except TriageError as error:
            self._tried(delivery, DeliveryResult.FAILED, start, Trouble.FAILED)
            self._postpone_or_give_up(delivery, self._steady() - start, error)
        except Exception as error:
            self._tried(delivery, DeliveryResult.FAILED, start, Trouble.FAILED)
            self._try_again_or_give_up(delivery, self._steady() - start, origin(error))
        else:
            self._tried(delivery, DeliveryResult.DELIVERED, start)
            log.info("delivered destination=%s sop_instance_uid=%s", self._destination, delivery.sop_instance_uid)
            stored = sent.message, sent.stored, self._commitment_seconds
            seconds = self._settle(lambda: outbox.delivered(delivery, *stored))
            self._unforeseen.pop(delivery.id, None)
            if seconds is not None:
                self._instruments.delivered(self._destination, seconds)
            self._answered()

    def _try_again_or_give_up(self, delivery: Delivery, spent_seconds: float, reason: str) -> None:
        """Try again what failed by an error nobody foresaw: it may pass, and a report given up for it is lost."""
        outbox = self._worklist.outbox
        self._unforeseen[delivery.id] += 1
        gives_up = self._unforeseen[delivery.id] >= MOST_UNFORESEEN
        log.error("delivery_failed destination=%s given_up=%s error=%s", self._destination, gives_up, reason)
        if gives_up:
            del self._unforeseen[delivery.id]
            self._settle(lambda: outbox.mark_dead(delivery, reason))
            return
        pause = self._policy.pause_seconds(delivery.attempts)
        self._settle(lambda: outbox.retry(delivery, pause, reason, spent_seconds + pause))

    def _tried(self, delivery: Delivery, result: DeliveryResult, start: float, trouble: str = "") -> None:
        self._trouble = trouble
        seconds, now = self._steady() - start, self._clock()
        self._instruments.delivery_tried(self._destination, result, seconds)
        told = {"destination": self._destination, "result": result}
        self._traces.span(delivery.study_instance_uid, "delivery", now - seconds, now, told)

    def _settle(self, write: Callable[[], Written]) -> Written:
        """Write what came of a delivery, as soon as the database takes it: it must not be sent again for that."""
        refused = False
        while True:
            try:
                return write()
            except StorageError as error:
                if not refused:
                    log.error("delivery_not_noted destination=%s error=%s", self._destination, error)
                refused = True
                if self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS):
                    raise

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
