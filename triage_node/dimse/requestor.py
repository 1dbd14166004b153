"""How the node calls another DICOM system, with every failure told apart as permanent or transient."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext

from triage_node.dimse.bounded_answers import LONGEST_ANSWER_BYTES, BoundedAnswers
from triage_node.dimse.requests import Requests, Responses
from triage_node.dimse.tls import ClientContext, client_context
from triage_node.endpoints import Peer
from triage_node.errors import PeerCongested, PeerRefused, PeerUnreachable, SettingsError, Trouble
from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from triage_node.logs import origin

# pynetdicom would write every PDU down; it has no public name for the switch.
_config.LOG_HANDLER_LEVEL = "none"
log = logging.getLogger(__name__)

logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)

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
TROUBLES = {(0x01, 0x03): Trouble.AE_TITLE_UNKNOWN, (0x01, 0x07): Trouble.CALLED_AE_TITLE_UNKNOWN}


@contextmanager
def associate(
    peer: Peer,
    contexts: Sequence[PresentationContext],
    calling_ae_title: str,
    timeout_seconds: float,
    answer_seconds: float | None = None,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    handlers: Sequence[tuple[evt.EventType, Callable[[evt.Event], Any]]] = (),
    longest_answer_bytes: int = LONGEST_ANSWER_BYTES,
) -> Iterator[Requests]:
    """Open an association, and release it at the end of the block.

    Parameters
    ----------
    timeout_seconds
        How long connecting, and the answer to the association request, may take.
    answer_seconds
        How long the answer to a message may take, by default as long: a PACS answers a C-STORE when it has stored.
    roles
        The roles we propose, where these are not the default.
    handlers
        What answers requests of the peer.
    longest_answer_bytes
        How much the peer may send before it is sent the next message.

    Raises
    ------
    PeerUnreachable
        Nothing answers, or not in time.
    PeerCongested
        The peer rejects the association for the moment.
    PeerRefused
        The peer rejects the association for good.
    """
    answer_seconds = timeout_seconds if answer_seconds is None else answer_seconds
    ae = _application_entity(calling_ae_title, timeout_seconds, answer_seconds)
    context = _tls_context(peer)
    rejections: list[A_ASSOCIATE_RJ] = []
    responses = Responses()
    connections: list[object] = []

    def listen(event: evt.Event) -> None:
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            rejections.append(event.pdu)

    try:
        assoc = ae.associate(
            peer.host,
            peer.port,
            contexts=list(contexts),
            ae_title=peer.ae_title,
            tls_args=_tls_arguments(peer, context),
            ext_neg=list(roles),
            evt_handlers=[
                *BoundedAnswers(answer_seconds, longest_answer_bytes).handlers,
                (evt.EVT_CONN_OPEN, connections.append),
                (evt.EVT_PDU_RECV, listen),
                (evt.EVT_DIMSE_RECV, responses.listen),
                *handlers,
            ],
        )
    except (OSError, UnicodeError) as error:  # pynetdicom looks the name up before it tries anything
        why = getattr(error, "strerror", None) or error
        raise PeerUnreachable(f"{peer} cannot be reached: {why}.", trouble=Trouble.NOT_REACHED) from error
    try:
        if not assoc.is_established:
            raise _failure(assoc, rejections, peer, context, is_reached=bool(connections))
        yield Requests(assoc, responses, peer)
        if assoc.is_established:
            _end(assoc.release)
    finally:
        if assoc.is_established:
            _end(assoc.abort)
        if assoc.dul.socket is not None:  # pynetdicom leaves it open where its own thread has failed
            assoc.dul.socket.close()


def _end(how: Callable[[], None]) -> None:
    """End an association, of which nothing more depends on it.

    Before Python 3.13 a thread that has just ended can be asked only once at a time whether it lives; of two that ask
    at once, pynetdicom's own thread and this one, either may be told a RuntimeError or an AssertionError.
    """
    try:
        how()
    except (RuntimeError, AssertionError) as error:
        log.debug("association_ended error=%s", origin(error))


def _application_entity(ae_title: str, timeout_seconds: float, answer_seconds: float) -> AE:
    ae = AE(ae_title=ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.connection_timeout = ae.acse_timeout = timeout_seconds
    ae.dimse_timeout = ae.network_timeout = answer_seconds
    return ae


def _tls_context(peer: Peer) -> ClientContext | None:
    try:
        return client_context(peer.tls) if peer.tls is not None else None
    except SettingsError as error:
        raise PeerUnreachable(f"{peer} cannot be called: {error}") from error


def _tls_arguments(peer: Peer, context: ClientContext | None) -> tuple[ClientContext, str] | None:
    if context is None or peer.tls is None:
        return None
    return context, peer.tls.server_name or peer.host


def _failure(
    assoc: Association,
    rejections: Sequence[A_ASSOCIATE_RJ],
    peer: Peer,
    context: ClientContext | None,
    *,
    is_reached: bool,
) -> PeerUnreachable | PeerCongested | PeerRefused:
    if assoc.rejected_contexts and not assoc.accepted_contexts:
        return PeerRefused(f"{peer} accepts none of the SOP classes that were proposed.")
    # Not is_rejected: pynetdicom closes the socket on an answer, and may take that for a failed connection.
    if not rejections and context is not None and context.failure:
        return PeerUnreachable(f"{peer} cannot be reached: {context.failure}.", trouble=Trouble.NO_TLS)
    if not rejections and not is_reached:
        return PeerUnreachable(f"{peer} cannot be reached, or does not answer.", trouble=Trouble.NOT_REACHED)
    if not rejections:
        return PeerUnreachable(f"{peer} takes the connection and does not answer the association request.")
    answer = rejections[0]
    source, reason = answer.source or 0, answer.reason_diagnostic or 0
    text = REJECTIONS.get((source, reason), f"source {source}, reason {reason}")
    kind = PeerCongested if answer.result == TRANSIENT_RESULT else PeerRefused
    trouble = TROUBLES.get((source, reason), kind.usual_trouble)
    return kind(f"{peer} rejected the association: {text}.", rejection=(source, reason), trouble=trouble)
