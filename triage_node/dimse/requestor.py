"""How the node calls another DICOM system, with every failure told apart as permanent or transient."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.presentation import PresentationContext

from triage_node.config import Destination
from triage_node.dimse.bounded_answers import BoundedAnswers
from triage_node.dimse.requests import Requests, Responses
from triage_node.errors import PeerCongested, PeerRefused, PeerUnreachable
from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

# PS3.8 Table 9-21: what an A-ASSOCIATE-RJ says may be tried again.
TRANSIENT_RESULT = 0x02
REJECTIONS = {
    (0x01, 0x02): "it does not support our application context",
    (0x01, 0x03): "it does not know our AE title",
    (0x01, 0x07): "it does not know the AE title it was called by",
    (0x02, 0x02): "it does not support our protocol version",
    (0x03, 0x01): "it is congested for the moment",
    (0x03, 0x02): "it has as many associations as it can serve",
}


@contextmanager
def associate(
    destination: Destination,
    contexts: Sequence[PresentationContext],
    calling_ae_title: str,
    timeout_seconds: float,
    answer_seconds: float | None = None,
) -> Iterator[Requests]:
    """Open an association, and release it at the end of the block.

    Parameters
    ----------
    timeout_seconds
        How long connecting, and the answer to the association request, may take.
    answer_seconds
        How long the answer to a message may take, by default as long: a PACS answers a C-STORE when it has stored.

    Raises
    ------
    PeerUnreachable
        Nothing answers, or not in time.
    PeerCongested
        The peer rejects the association for the moment.
    PeerRefused
        The peer rejects the association for good.
    """
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    _config.LOG_HANDLER_LEVEL = "none"
    ae = AE(ae_title=calling_ae_title)
    answer_seconds = timeout_seconds if answer_seconds is None else answer_seconds
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.connection_timeout = ae.acse_timeout = timeout_seconds
    ae.dimse_timeout = ae.network_timeout = answer_seconds
    rejections: list[A_ASSOCIATE_RJ] = []
    responses = Responses()

    def listen(event: evt.Event) -> None:
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            rejections.append(event.pdu)

    assoc = ae.associate(
        destination.host,
        destination.port,
        contexts=list(contexts),
        ae_title=destination.ae_title,
        evt_handlers=[
            *BoundedAnswers(answer_seconds).handlers,
            (evt.EVT_PDU_RECV, listen),
            (evt.EVT_DIMSE_RECV, responses.listen),
        ],
    )
    try:
        if not assoc.is_established:
            raise _failure(assoc, rejections, destination)
        yield Requests(assoc, responses, destination)
        if assoc.is_established:
            assoc.release()
    finally:
        if assoc.is_established:
            assoc.abort()


def _failure(
    assoc: Association, rejections: Sequence[A_ASSOCIATE_RJ], destination: Destination
) -> PeerUnreachable | PeerCongested | PeerRefused:
    if assoc.rejected_contexts and not assoc.accepted_contexts:
        return PeerRefused(f"{destination} accepts none of the SOP classes that were proposed.")
    # Not is_rejected: pynetdicom closes the socket on an answer, and may take that for a failed connection.
    if not rejections:
        return PeerUnreachable(f"{destination} cannot be reached, or does not answer.")
    answer = rejections[0]
    source, reason = answer.source or 0, answer.reason_diagnostic or 0
    text = REJECTIONS.get((source, reason), f"source {source}, reason {reason}")
    kind = PeerCongested if answer.result == TRANSIENT_RESULT else PeerRefused
    return kind(f"{destination} rejected the association: {text}.")
