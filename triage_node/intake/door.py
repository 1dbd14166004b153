"""The one door: every instance comes in here, whichever way it was sent."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from triage_node.errors import InvalidInstance, StorageError
from triage_node.intake.header import Header, read_header
from triage_node.intake.refusals import Refusals
from triage_node.intake.registrar import Kept, Registrar
from triage_node.spool import Spool
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sender:
    """Who sends; ``urgent`` when the request came with high priority."""

    calling_ae_title: str
    address: str
    urgent: bool = False


class Door:
    """Keep an instance, then have it registered.

    Parameters
    ----------
    maximum_bytes
        A larger instance is refused.
    """

    def __init__(
        self,
        spool: Spool,
        worklist: Worklist,
        registrar: Registrar,
        maximum_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._spool = spool
        self._worklist = worklist
        self._registrar = registrar
        self._maximum_bytes = maximum_bytes
        self._clock = clock
        self._refusals = Refusals()

    def receive(self, content: bytes, sender: Sender) -> Header:
        """Keep a DICOM file exactly as received; after the return it survives a power cut.

        Raises
        ------
        InvalidInstance
            It cannot be kept, whoever sends it again.
        StorageError
            The disk refused; the sender may try again.
        """
        try:
            if len(content) > self._maximum_bytes:
                raise InvalidInstance(f"The instance is larger than {self._maximum_bytes} bytes.")
            header = read_header(content)
            path = self._spool.keep(content, header.study_instance_uid, header.sop_instance_uid)
        except (InvalidInstance, StorageError) as error:
            self._note_refusal(error, sender)
            raise
        self._registrar.submit(Kept(path, header, len(content), self._clock(), sender.calling_ae_title, sender.urgent))
        return header

    def refuse(self, message: str, sender: Sender) -> None:
        """Leave an event for a request that was refused before its instance was looked at."""
        self._note_refusal(InvalidInstance(message), sender)

    def _note_refusal(self, error: InvalidInstance | StorageError, sender: Sender) -> None:
        code = "instance_refused" if isinstance(error, InvalidInstance) else "storage_refused"
        message = f"{sender.calling_ae_title!r} at {sender.address}: {error}"
        if not self._refusals.is_news(message, self._clock()):
            return
        log.warning("%s calling_ae_title=%r address=%s error=%s", code, sender.calling_ae_title, sender.address, error)
        try:
            self._worklist.registration.reject(code, message)
        except StorageError as second:
            log.error("event_lost error=%s", second)
