"""Ingest: every instance comes in here, whichever way it was sent."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from triage_node.errors import InvalidInstance, StorageError
from triage_node.ingest.file_meta import PREFIX_END, without_preamble
from triage_node.ingest.header import Header, printable, read_open_header
from triage_node.ingest.indexer import Indexer
from triage_node.ingest.parts_file import PartsFile
from triage_node.ingest.refusal_log import QUIET_SECONDS, Refusals
from triage_node.ingest.sender import Sender
from triage_node.ingest.sender_tally import SenderTally
from triage_node.ingest.statuses import REFUSAL_REASONS, refusal_reason
from triage_node.ingest.unindexed_instance import UnindexedInstance
from triage_node.instrumentation import Instruments
from triage_node.storage import Draft, Level, Parts, Spool
from triage_node.worklist import INSTANCES, Worklist

log = logging.getLogger(__name__)

# It may quote what a peer has for a UID, which is 60,000 characters long where the peer likes.
LONGEST_SENTENCE = 400


@dataclass(frozen=True)
class _Arrived:
    """An instance that is here, and how it is kept under its study's and its own UID."""

    size_bytes: int
    file: BinaryIO
    keep: Callable[[str, str], Path]


class Ingest:
    """Keep an instance, then have it registered.

    Parameters
    ----------
    maximum_bytes
        A larger instance is refused.
    instruments
        Count what is kept and refused.

    Attributes
    ----------
    senders
        What came of each sender since it was last written down.
    """

    def __init__(
        self,
        spool: Spool,
        worklist: Worklist,
        indexer: Indexer,
        maximum_bytes: int,
        clock: Callable[[], float] = time.time,
        instruments: Instruments | None = None,
    ) -> None:
        self._spool = spool
        self._worklist = worklist
        self._indexer = indexer
        self._maximum_bytes = maximum_bytes
        self._clock = clock
        self._refusals = Refusals()
        self.senders = SenderTally(clock)
        self._instruments = instruments or Instruments()
        self._instruments.expect_refusals(REFUSAL_REASONS)

    @property
    def maximum_bytes(self) -> int:
        """A larger instance is refused."""
        return self._maximum_bytes

    @maximum_bytes.setter
    def maximum_bytes(self, value: int) -> None:
        self._maximum_bytes = value

    @property
    def is_full(self) -> bool:
        """Whether the disk is too full to take anything; one that cannot be looked at refuses each instance itself."""
        try:
            return self._spool.space().level is Level.FULL
        except StorageError:
            return False

    def receive(self, content: bytes, sender: Sender, study_instance_uid: str | None = None) -> Header:
        """Keep a DICOM file exactly as received, but for its preamble; after the return it survives a power cut.

        Parameters
        ----------
        study_instance_uid
            The study it was announced for; an instance of another one is refused.

        Raises
        ------
        InvalidInstance
            It cannot be kept, whoever sends it again.
        StorageError
            The disk refused; the sender may try again.

        Either has the ``header`` among its data, if that could be read.
        """
        return self.receive_parts([without_preamble(content)], sender, study_instance_uid)

    def receive_parts(self, parts: Parts, sender: Sender, study_instance_uid: str | None = None) -> Header:
        """Keep a file whose bytes lie in parts, without a preamble of its own, as `receive` does."""
        arrived = _Arrived(sum(map(len, parts)), cast(BinaryIO, PartsFile(parts)), partial(self._spool.keep, parts))
        return self._receive(arrived, sender, study_instance_uid)

    def draft(self) -> Draft:
        """Begin an instance that comes in piece by piece; whoever asks for it discards it in the end.

        Raises
        ------
        StorageError
            The disk refused; the sender may try again.
        """
        return self._spool.draft()

    def receive_draft(self, draft: Draft, sender: Sender, study_instance_uid: str | None = None) -> Header:
        """Keep an instance that has come in whole, as `receive` does."""
        draft.replace_start(without_preamble(draft.start(PREFIX_END)))
        arrived = _Arrived(draft.size_bytes, draft.opened(), partial(self._spool.keep_draft, draft))
        return self._receive(arrived, sender, study_instance_uid)

    def _receive(self, arrived: "_Arrived", sender: Sender, study_instance_uid: str | None) -> Header:
        header = None
        try:
            if arrived.size_bytes > self._maximum_bytes:
                raise InvalidInstance(f"The instance is larger than {self._maximum_bytes} bytes.", too_large=True)
            header = read_open_header(arrived.file)
            if study_instance_uid not in (None, header.study_instance_uid):
                raise InvalidInstance("The instance is not of the study that was announced.", announced="study")
            path = arrived.keep(header.study_instance_uid, header.sop_instance_uid)
        except (InvalidInstance, StorageError) as error:
            error.data["header"] = header
            self.refuse_instance(error, sender)
            raise
        except Exception as error:
            self._instruments.instance_refused(refusal_reason(error))
            self.senders.note(sender, refusal_reason(error), "An instance could not be kept; the log says where.")
            raise
        self._instruments.instance_received(arrived.size_bytes)
        self.senders.note(sender, INSTANCES)
        calling_ae_title = printable(sender.calling_ae_title)
        instance = UnindexedInstance(path, header, arrived.size_bytes, self._clock(), calling_ae_title, sender.urgent)
        self._indexer.submit(instance)
        return header

    def refuse_instance(self, error: InvalidInstance | StorageError, sender: Sender) -> None:
        """Count an instance that is not kept, and leave an event as `refuse` does."""
        self._instruments.instance_refused(refusal_reason(error))
        self.senders.note(sender, refusal_reason(error), str(error))
        self._note_refusal(error, sender)

    def write_senders(self) -> None:
        """Write down what came of each sender since the last time.

        Raises
        ------
        StorageError
            The database refused; it is written the next time.
        """
        counts = self.senders.take()
        try:
            self._worklist.sender_counts.add(counts)
        except StorageError:
            self.senders.put_back(counts)
            raise

    def wait_until_registered(self, seconds: float) -> bool:
        """Wait until what has been received so far is found by searches; tell whether it is within a time."""
        return self._indexer.wait_for_submitted(seconds)

    def refuse(
        self, error: InvalidInstance | StorageError, sender: Sender, quiet_seconds: float = QUIET_SECONDS
    ) -> None:
        """Leave an event for what was refused before its instance was looked at, the same not again for a while."""
        self._note_refusal(error, sender, quiet_seconds)

    def _note_refusal(
        self, error: InvalidInstance | StorageError, sender: Sender, quiet_seconds: float = QUIET_SECONDS
    ) -> None:
        code = "instance_refused" if isinstance(error, InvalidInstance) else "storage_refused"
        sentence = str(error)[:LONGEST_SENTENCE]
        message = f"{sender.calling_ae_title!r} at {sender.address}: {sentence}"
        if not self._refusals.is_news(message, time.monotonic(), quiet_seconds, (code, sender.address)):
            return
        log.warning(
            "%s calling_ae_title=%r address=%s error=%s", code, sender.calling_ae_title, sender.address, sentence
        )
        try:
            self._worklist.registration.reject(code, message)
        except StorageError as second:
            log.error("event_lost error=%s", second)
