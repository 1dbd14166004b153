"""Storage commitment over an association that we open: requested as a user, told as a provider (PS3.4 Annex J)."""

import threading
import time
from collections.abc import Callable, Collection

from pydicom.dataset import Dataset
from pynetdicom import build_context, build_role, evt

from triage_node.dimse.normalized.service import Event
from triage_node.dimse.normalized.status import Status
from triage_node.dimse.normalized.storage_commitment import (
    REQUEST_ACTION,
    STORAGE_COMMITMENT,
    WELL_KNOWN_INSTANCE,
    Reference,
    commitment_request,
)
from triage_node.dimse.requestor import associate
from triage_node.dimse.store_user import SYNTAXES
from triage_node.endpoints import Peer

LOOK_SECONDS = 0.05

Take = Callable[[int | None, Dataset], Status]
"""Takes Event Type ID and Event Information, and says what is answered."""


def check_commitment(peer: Peer, calling_ae_title: str, timeout_seconds: float) -> None:
    """Try whether a peer can be asked for commitment, without asking.

    Raises
    ------
    PeerError
        It cannot be reached, or does not offer it.
    """
    with associate(peer, [build_context(STORAGE_COMMITMENT, SYNTAXES)], calling_ae_title, timeout_seconds):
        pass


def request_commitment(
    peer: Peer,
    transaction_uid: str,
    references: Collection[Reference],
    calling_ae_title: str,
    timeout_seconds: float,
    answer_seconds: float,
    take: Take,
    wait_seconds: float,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Ask a peer to commit itself, and wait a while whether the result comes over the same association.

    Parameters
    ----------
    take
        Is told an event, from another thread.
    wait_seconds
        The association is released then; the result comes over another one.

    Raises
    ------
    PeerError
        The peer cannot be reached, or does not take the request.
    """
    came = threading.Event()

    def report(event: evt.Event) -> tuple[int, None]:
        status = take(event.event_type, event.event_information)
        came.set()
        return int(status), None

    contexts, handlers = [build_context(STORAGE_COMMITMENT, SYNTAXES)], [(evt.EVT_N_EVENT_REPORT, report)]
    how = (calling_ae_title, timeout_seconds, answer_seconds)
    with associate(peer, contexts, *how, handlers=handlers) as requests:
        requests.act(
            REQUEST_ACTION, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, commitment_request(transaction_uid, references)
        )
        end = time.monotonic() + wait_seconds
        while requests.is_open and time.monotonic() < end and not is_stopping() and not came.wait(LOOK_SECONDS):
            pass


def report_commitment(
    peer: Peer, event: Event, calling_ae_title: str, timeout_seconds: float, answer_seconds: float
) -> None:
    """Tell a peer a result over an association of our own, in the role of the provider (PS3.4 J.3.3).

    Raises
    ------
    PeerError
        The peer cannot be reached, or does not take it.
    """
    contexts, roles = [build_context(STORAGE_COMMITMENT, SYNTAXES)], [build_role(STORAGE_COMMITMENT, scp_role=True)]
    with associate(peer, contexts, calling_ae_title, timeout_seconds, answer_seconds, roles) as requests:
        requests.report(event)
