"""A DICOM application entity, with or without TLS, as a destination."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from triage_node.dimse import StoreUser, check_commitment, echo
from triage_node.endpoints import Destination
from triage_node.user_agent import Caller


class DicomTarget:
    """Send by C-STORE, over one association while there is more to send."""

    def __init__(self, destination: Destination, caller: Caller) -> None:
        self._peer = destination.peer
        self._wants_commitment = destination.commitment
        self._caller = caller
        self._store_user = StoreUser(self._peer, caller.ae_title, caller.timeout_seconds, caller.answer_seconds)

    def send(self, variants: Sequence[Dataset]) -> Dataset:
        """Store the first rendering whose SOP class is accepted."""
        return self._store_user.store_first_accepted(variants)

    def check(self) -> str:
        """Send a C-ECHO, and look whether storage commitment is offered where it is wanted."""
        seconds = echo(self._peer, self._caller.ae_title, self._caller.timeout_seconds)
        words = f"answers C-ECHO in {seconds * 1000:.0f} ms{' over TLS' if self._peer.tls is not None else ''}"
        if self._wants_commitment:
            check_commitment(self._peer, self._caller.ae_title, self._caller.timeout_seconds)
            words += ", offers storage commitment"
        return words

    def rest(self) -> None:
        """Release the association."""
        self._store_user.release()
