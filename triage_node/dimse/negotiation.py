"""What an association may be used for: the answer to an A-ASSOCIATE-RQ (PS3.8 Section 7.1, PS3.7 Annex D)."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from triage_node.dimse.associate_request import ITEM_HEADER, VERSION_1, Item, ProposedContext, Request
from triage_node.dimse.normalized.services import Services
from triage_node.dimse.pdu import HEADER, MAXIMUM_PDU_BYTES, PDUType
from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from triage_node.ingest import VERIFICATION, is_storage
from triage_node.instrumentation import AssociationRefusal

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
CONTEXT_RESULT, IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION = 0x21, 0x52, 0x55
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, "1.2.840.10008.1.2.1.99")


class Rejection(tuple[int, int, int]):
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 Table 9-21)."""


UNKNOWN_APPLICATION_CONTEXT = Rejection((1, 1, 2))
UNKNOWN_CALLING_AE_TITLE = Rejection((1, 1, 3))
UNKNOWN_CALLED_AE_TITLE = Rejection((1, 1, 7))
UNKNOWN_PROTOCOL_VERSION = Rejection((1, 2, 2))
CONGESTED = Rejection((2, 3, 1))
LOCAL_LIMIT_EXCEEDED = Rejection((2, 3, 2))
REFUSALS = {
    UNKNOWN_CALLING_AE_TITLE: AssociationRefusal.CALLING_AE_TITLE,
    UNKNOWN_CALLED_AE_TITLE: AssociationRefusal.CALLED_AE_TITLE,
    CONGESTED: AssociationRefusal.NO_THREAD,
    LOCAL_LIMIT_EXCEEDED: AssociationRefusal.TOO_MANY,
}


def refusal_of(rejection: Rejection) -> AssociationRefusal:
    """Return what a rejection counts as."""
    return REFUSALS.get(rejection, AssociationRefusal.PROTOCOL)


class Result(IntEnum):
    """What becomes of a proposed context (PS3.8 Table 9-18)."""

    ACCEPTED = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True)
class Context:
    """An accepted presentation context."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str


def protocol_objection(request: Request) -> tuple[Rejection, str] | None:
    """Return why no association can be had with a request, whoever asks; None when nothing speaks against it."""
    if not request.version & VERSION_1:
        return UNKNOWN_PROTOCOL_VERSION, f"protocol version {request.version:#06x} is not known"
    if request.application_context not in ("", APPLICATION_CONTEXT):
        return UNKNOWN_APPLICATION_CONTEXT, f"application context {request.application_context} is not DICOM's"
    return None


def accept(request: Request, services: Services) -> tuple[bytes, Mapping[int, Context]]:
    """Return the encoded A-ASSOCIATE-AC, and the accepted presentation contexts by their identifier.

    Every storage class is accepted, also a private one, in the transfer syntax the sender likes best of those that
    PS3.6 knows, else of all; those of the services in any that needs no decompression. Roles are answered for services
    only; for all else, as for extended negotiation and identities, the defaults hold.
    """
    accepted, answers = dict[int, Context](), []
    for proposed in request.contexts:
        if proposed.abstract_syntax in services:
            result, syntax = _judge_service(proposed, request, services)
        else:
            result, syntax = _judge(proposed)
        if result is Result.ACCEPTED:
            accepted[proposed.context_id] = Context(proposed.context_id, proposed.abstract_syntax, syntax)
        head = struct.pack(">BxBx", proposed.context_id, result)
        answers.append(_item(CONTEXT_RESULT, head + _item(Item.TRANSFER_SYNTAX, syntax.encode())))
    user_information = (
        _item(Item.MAXIMUM_LENGTH, struct.pack(">L", MAXIMUM_PDU_BYTES))
        + _item(IMPLEMENTATION_CLASS, IMPLEMENTATION_CLASS_UID.encode())
        + _item(IMPLEMENTATION_VERSION, IMPLEMENTATION_VERSION_NAME.encode())
        + b"".join(_role_answers(request, services))
    )
    body = (
        struct.pack(">Hxx", VERSION_1) + request.titles + _item(Item.APPLICATION_CONTEXT, APPLICATION_CONTEXT.encode())
    )
    body += b"".join(answers) + _item(Item.USER_INFORMATION, user_information)
    return HEADER.pack(PDUType.ASSOCIATE_AC, len(body)) + body, accepted


def _judge(context: ProposedContext) -> tuple[Result, str]:
    """Return the result and the chosen transfer syntax, which means nothing unless the context is accepted."""
    syntaxes = context.transfer_syntaxes
    choice = next((one for one in syntaxes if UID(one).type == "Transfer Syntax"), syntaxes[0] if syntaxes else "")
    if context.abstract_syntax == VERIFICATION:
        choice = next((one for one in syntaxes if one in NATIVE), "")
    elif context.abstract_syntax and not is_storage(context.abstract_syntax):
        return Result.ABSTRACT_SYNTAX_NOT_SUPPORTED, ImplicitVRLittleEndian
    if choice and not context.flaw:
        return Result.ACCEPTED, choice
    if not context.abstract_syntax:
        return Result.ABSTRACT_SYNTAX_NOT_SUPPORTED, ImplicitVRLittleEndian
    if not choice:
        return Result.TRANSFER_SYNTAXES_NOT_SUPPORTED, ImplicitVRLittleEndian
    return Result.NO_REASON, ImplicitVRLittleEndian


def _judge_service(context: ProposedContext, request: Request, services: Services) -> tuple[Result, str]:
    choice = next((one for one in context.transfer_syntaxes if one in NATIVE[:3]), "")
    if context.flaw:
        return Result.NO_REASON, ImplicitVRLittleEndian
    if not choice:
        return Result.TRANSFER_SYNTAXES_NOT_SUPPORTED, ImplicitVRLittleEndian
    if not any(services.roles(context.abstract_syntax, request.roles_for(context.abstract_syntax))):
        return Result.USER_REJECTION, ImplicitVRLittleEndian
    return Result.ACCEPTED, choice


def _role_answers(request: Request, services: Services) -> Iterator[bytes]:
    """Yield an SCP/SCU Role Selection sub-item for each that was proposed for a service (PS3.7 Table D.3-10)."""
    for sop_class_uid, proposed in request.roles.items():
        if sop_class_uid in services:
            encoded, roles = sop_class_uid.encode(), services.roles(sop_class_uid, proposed)
            yield _item(Item.ROLE_SELECTION, struct.pack(">H", len(encoded)) + encoded + bytes(roles))


def _item(kind: int, value: bytes) -> bytes:
    return ITEM_HEADER.pack(kind, len(value)) + value
