"""C-STORE of one object after the other to one peer, over an association that is kept while there is more to send."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import build_context

from triage_node.dimse.requestor import associate
from triage_node.dimse.requests import Requests
from triage_node.endpoints import Peer
from triage_node.errors import PeerRefused, PeerUnreachable

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


class StoreUser:
    """A service class user of Storage (PS3.4 Annex B). The times are those of `associate`."""

    def __init__(
        self, peer: Peer, calling_ae_title: str, timeout_seconds: float, answer_seconds: float | None = None
    ) -> None:
        self._peer = peer
        self._calling_ae_title = calling_ae_title
        self._timeout_seconds = timeout_seconds
        self._answer_seconds = timeout_seconds if answer_seconds is None else answer_seconds
        self._proposed: dict[str, None] = {}
        self._association = ExitStack()
        self._requests: Requests | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def store_first_accepted(self, variants: Sequence[Dataset]) -> Dataset:
        """Store the first of several renderings of one report whose SOP class the peer accepts, and return it.

        Raises
        ------
        PeerRefused
            The peer accepts none, or answers with a permanent failure.
        PeerError
            The peer cannot be reached or is busy.
        """
        start, is_kept = time.monotonic(), self._takes(variants)
        try:
            return self._store(variants)
        except PeerUnreachable:
            self.release()
            # A peer may let go of an association between two objects; one that is silent was waited for long enough.
            if not is_kept or time.monotonic() - start >= self._answer_seconds:
                raise
        try:
            return self._store(variants)
        except PeerUnreachable:
            self.release()
            raise

    def release(self) -> None:
        """Release the association, if there is one; the next object makes another."""
        self._requests = None
        self._association.close()

    def _takes(self, variants: Sequence[Dataset]) -> bool:
        is_open = self._requests is not None and self._requests.is_open
        return is_open and all(ds.SOPClassUID in self._proposed for ds in variants)

    def _store(self, variants: Sequence[Dataset]) -> Dataset:
        requests = self._associated(variants)
        for ds in variants:
            if ds.SOPClassUID in requests.accepted:
                requests.store(ds)
                return ds
        names = ", ".join(ds.SOPClassUID.name for ds in variants)
        raise PeerRefused(f"{self._peer} accepts none of the SOP classes: {names}.")

    def _associated(self, variants: Sequence[Dataset]) -> Requests:
        """Return the association, a new one when it does not stand or was not asked for these classes."""
        if self._requests is not None and self._takes(variants):
            return self._requests
        self.release()
        self._proposed |= dict.fromkeys(str(ds.SOPClassUID) for ds in variants)
        contexts = [build_context(sop_class_uid, SYNTAXES) for sop_class_uid in self._proposed]
        opened = associate(self._peer, contexts, self._calling_ae_title, self._timeout_seconds, self._answer_seconds)
        self._requests = self._association.enter_context(opened)
        return self._requests
