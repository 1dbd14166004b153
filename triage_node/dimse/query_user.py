"""C-FIND as a service class user of Query/Retrieve, Study Root (PS3.4 Annex C), with bounded answers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from pydicom.dataset import Dataset
from pynetdicom import build_context
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

from triage_node.dimse.requestor import associate
from triage_node.dimse.requests import Requests
from triage_node.endpoints import Peer
from triage_node.errors import PeerBusy, PeerRefused, PeerUnreachable

Level = Literal["STUDY", "SERIES", "IMAGE"]

MOST_MATCHES = 10_000
"""More instances than any series of a head has; what lists more is not believed."""
LONGEST_ANSWER_BYTES = 8 << 20
# A query may be slow to begin with, and each match may take as long as an answer; all of them together may not.
ANSWERS_OF_PATIENCE = 4
PENDING = frozenset([0xFF00, 0xFF01])
OUT_OF_RESOURCES = 0xA700


class QueryUser:
    """Queries over one association.

    Parameters
    ----------
    patience_seconds
        How long all answers to one query may take.
    """

    def __init__(self, requests: Requests, peer: Peer, patience_seconds: float) -> None:
        self._requests = requests
        self._peer = peer
        self._patience_seconds = patience_seconds

    def find(self, level: Level, **keys: object) -> list[Dataset]:
        """Return the matches on a level.

        Parameters
        ----------
        keys
            Values of matching keys by keyword; those of keys that are to be returned are empty.

        Raises
        ------
        PeerUnreachable
            The peer falls silent, takes too long, or finds more than can be.
        PeerBusy
            It cannot search now.
        PeerRefused
            It refuses the query.
        """
        identifier = Dataset()
        identifier.QueryRetrieveLevel = level
        for keyword, value in keys.items():
            setattr(identifier, keyword, value)
        model, deadline = StudyRootQueryRetrieveInformationModelFind, time.monotonic() + self._patience_seconds
        found: list[Dataset] = []
        responses = self._requests.stream(lambda assoc, message_id: assoc.send_c_find(identifier, model, message_id))
        for status, _, match in responses:
            if status not in PENDING:
                self._judge(status)
                return found
            found += [match] if match is not None else []
            if len(found) > MOST_MATCHES or time.monotonic() > deadline:
                raise PeerUnreachable(f"{self._peer} does not come to an end of its answers to a query.")
        raise PeerUnreachable(f"{self._peer} did not answer a query to its end.")

    def _judge(self, status: int) -> None:
        """Sort the last status (PS3.4 Table C.4-1)."""
        if status == 0x0000:
            return
        if status == OUT_OF_RESOURCES:
            raise PeerBusy(f"{self._peer} answered 0x{status:04X}: it cannot search now.")
        raise PeerRefused(f"{self._peer} answered 0x{status:04X}: it refuses the query.")


@contextmanager
def querying(
    peer: Peer, calling_ae_title: str, timeout_seconds: float, answer_seconds: float | None = None
) -> Iterator[QueryUser]:
    """Open an association for queries; the times and errors are those of `associate`."""
    answer_seconds = timeout_seconds if answer_seconds is None else answer_seconds
    contexts = [build_context(StudyRootQueryRetrieveInformationModelFind)]
    times = timeout_seconds, answer_seconds
    limit = LONGEST_ANSWER_BYTES
    with associate(peer, contexts, calling_ae_title, *times, longest_answer_bytes=limit) as requests:
        yield QueryUser(requests, peer, ANSWERS_OF_PATIENCE * answer_seconds)
