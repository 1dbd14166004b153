"""The thread that takes one destination's reports there."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from triage_node.config import Destination
from triage_node.delivery.retry import RetryPolicy
from triage_node.errors import PeerError, StorageError, TriageError
from triage_node.logs import origin
from triage_node.peers import store_first_accepted
from triage_node.worklist import Delivery, Worklist

log = logging.getLogger(__name__)

PICTURE = "picture.dcm"
POLL_SECONDS = 0.2
PAUSE_AFTER_ERROR_SECONDS = 5.0


class Courier:
    """Deliver the reports for one destination, oldest first; a dead PACS holds up nobody else's reports.

    Parameters
    ----------
    timeout_seconds
        How long the peer may take to answer.
    """

    def __init__(
        self,
        destination: Destination,
        worklist: Worklist,
        policy: RetryPolicy,
        calling_ae_title: str,
        timeout_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._destination = destination
        self._worklist = worklist
        self._policy = policy
        self._calling_ae_title = calling_ae_title
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"courier-{destination}", daemon=True)

    def start(self) -> None:
        """Start delivering."""
        self._thread.start()

    def stop(self) -> None:
        """End after the delivery that is under way."""
        self._stopping.set()
        self._thread.join(timeout=self._timeout_seconds * 2)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                delivery = self._worklist.outbox.due(str(self._destination))
                if delivery is None:
                    self._stopping.wait(POLL_SECONDS)
                else:
                    self.deliver(delivery)
            except StorageError as error:
                log.error("outbox_failed destination=%s error=%s", self._destination, error)
                self._stopping.wait(PAUSE_AFTER_ERROR_SECONDS)

    def deliver(self, delivery: Delivery) -> None:
        """Try one delivery, and write what came of it."""
        try:
            variants = [dcmread(path) for path in sorted(Path(delivery.folder).glob("report-*.dcm"))]
            if not variants:
                raise TriageError(f"The report is missing in {delivery.folder}.")
            sent = self._store(variants)
            picture = self._send_picture(Path(delivery.folder) / PICTURE)
        except PeerError as error:
            self._postpone_or_bury(delivery, error)
        except StorageError:
            raise
        except Exception as error:
            log.error("delivery_failed destination=%s error=%s", self._destination, origin(error))
            self._worklist.outbox.bury(delivery, origin(error))
        else:
            log.info("delivered destination=%s sop_instance_uid=%s", self._destination, sent.SOPInstanceUID)
            said = f"{sent.SOPClassUID.name}, {sent.SOPInstanceUID}"
            self._worklist.outbox.delivered(delivery, f"{said}; {picture}" if picture else said)

    def _store(self, variants: Sequence[Dataset]) -> Dataset:
        return store_first_accepted(self._destination, variants, self._calling_ae_title, self._timeout_seconds)

    def _send_picture(self, path: Path) -> str:
        """Send the picture that goes with a report, if there is one; who refuses it has the report all the same.

        Raises
        ------
        PeerError
            When trying again helps: report and picture are then sent once more, as the same objects.
        """
        if not path.is_file():
            return ""
        try:
            return f"picture {self._store([dcmread(path)]).SOPInstanceUID}"
        except PeerError as error:
            if error.retryable:
                raise
            return f"picture not taken: {error}"

    def _postpone_or_bury(self, delivery: Delivery, error: PeerError) -> None:
        log.warning(
            "delivery_not_taken destination=%s retryable=%s error=%s", self._destination, error.retryable, error
        )
        if error.retryable and not self._policy.gives_up(self._clock() - delivery.created_at):
            self._worklist.outbox.retry(delivery, self._policy.pause_seconds(delivery.attempts), str(error))
        else:
            self._worklist.outbox.bury(delivery, str(error))
