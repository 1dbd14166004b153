"""An association request as peers really write it (PS3.8 Section 9.3.2): what is untidy costs no more than itself."""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from triage_node.dimse.pdu import ProtocolError

ITEM_HEADER = struct.Struct(">BxH")
FIXED_BYTES = 68
# PS3.8 9.3.2: only this bit of the protocol version is tested.
VERSION_1 = 0x0001
# PS3.7 D.3.3.4: who requests the association is the user, who accepts it the provider.
DEFAULT_ROLES = (True, False)
UID = re.compile(rb"[0-9.]{1,64}")


class Item(IntEnum):
    """Items and sub-items that matter here (PS3.8 Section 9.3.2 and Annex D); all others are ignored, as it wants."""

    APPLICATION_CONTEXT = 0x10
    PRESENTATION_CONTEXT = 0x20
    ABSTRACT_SYNTAX = 0x30
    TRANSFER_SYNTAX = 0x40
    USER_INFORMATION = 0x50
    MAXIMUM_LENGTH = 0x51
    ROLE_SELECTION = 0x54


@dataclass(frozen=True)
class ProposedContext:
    """A presentation context of a request; a UID that is none is empty, and a flaw says what else is wrong."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    flaw: str = ""

    @classmethod
    def decode(cls, value: bytes) -> "ProposedContext":
        """Read the value of a presentation context item (PS3.8 Table 9-13)."""
        found = list(items(value[4:]))
        abstract = [uid(one) for kind, one, _ in found if kind == Item.ABSTRACT_SYNTAX]
        transfer = [uid(one) for kind, one, _ in found if kind == Item.TRANSFER_SYNTAX]
        flaw = ""
        if value[0] % 2 == 0:
            flaw = "its identifier is not odd"
        elif any(is_cut for _, _, is_cut in found):
            flaw = "one of its sub-items is cut off"
        elif len(abstract) != 1 or not abstract[0]:
            flaw = "it has no usable abstract syntax"
        elif not any(transfer):
            flaw = "it has no usable transfer syntax"
        return cls(value[0], abstract[0] if len(abstract) == 1 else "", tuple(filter(None, transfer)), flaw)


@dataclass(frozen=True)
class Request:
    """An association request.

    Parameters
    ----------
    titles
        Both AE titles and the reserved bytes behind them as they came: they are sent back so.
    maximum_pdu_bytes
        The longest PDU the requestor takes, 0 without a limit.
    roles
        By SOP class, whether the requestor would be its user (SCU), and its provider (SCP), where it says so.
    """

    version: int
    calling_ae_title: str
    titles: bytes
    application_context: str
    contexts: tuple[ProposedContext, ...]
    maximum_pdu_bytes: int
    roles: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)

    @classmethod
    def decode(cls, body: bytes) -> "Request":
        """Read the body of an A-ASSOCIATE-RQ PDU.

        Raises
        ------
        ProtocolError
            It ends before its items, or within a presentation context: the rest cannot be told.
        """
        if len(body) < FIXED_BYTES:
            raise ProtocolError("the association request ends within its AE titles")
        application_context, maximum_pdu_bytes, contexts = "", 0, dict[int, ProposedContext]()
        roles: Mapping[str, tuple[bool, bool]] = {}
        for kind, value, is_cut in items(body[FIXED_BYTES:]):
            if kind == Item.APPLICATION_CONTEXT:
                application_context = uid(value)
            elif kind == Item.USER_INFORMATION:
                maximum_pdu_bytes, roles = _maximum_length(value), _roles(value)
            elif kind == Item.PRESENTATION_CONTEXT:
                if is_cut:
                    raise ProtocolError("a presentation context item (0x20) of the association request is cut off")
                if len(value) >= 4:
                    # Of two with one identifier the first is answered: an answer to both could not be told apart.
                    contexts.setdefault(value[0], ProposedContext.decode(value))
        return cls(
            version=int.from_bytes(body[:2], "big"),
            calling_ae_title=ae_title(body[20:36]),
            titles=body[4:FIXED_BYTES],
            application_context=application_context,
            contexts=tuple(contexts.values()),
            maximum_pdu_bytes=maximum_pdu_bytes,
            roles=roles,
        )

    def roles_for(self, sop_class_uid: str) -> tuple[bool, bool]:
        """Return whether the requestor would be the user, and the provider, of a SOP class."""
        return self.roles.get(sop_class_uid, DEFAULT_ROLES)


def items(encoded: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Yield type and value of each item, and whether it is longer than what is there."""
    at = 0
    while len(encoded) - at >= ITEM_HEADER.size:
        kind, length = ITEM_HEADER.unpack_from(encoded, at)
        at += ITEM_HEADER.size
        yield kind, encoded[at : at + length], at + length > len(encoded)
        at += length


def ae_title(raw: bytes) -> str:
    """Return an AE title (PS3.5 Table 6.2-1) without padding, ended by a NUL, with ``?`` for what it may not hold."""
    value = raw.lstrip(b"\0 ").split(b"\0", 1)[0]
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return "".join(one if one.isprintable() and one != "\\" else "?" for one in text).strip()


def uid(raw: bytes) -> str:
    """Return a UID (PS3.5 Section 9.1) without padding, empty when it is none."""
    value = raw.rstrip(b"\0 ").lstrip(b" ")
    return value.decode("ascii") if UID.fullmatch(value) else ""


def _maximum_length(user_information: bytes) -> int:
    for kind, value, _ in items(user_information):
        if kind == Item.MAXIMUM_LENGTH and len(value) == 4:
            return int.from_bytes(value, "big")
    return 0


def _roles(user_information: bytes) -> Mapping[str, tuple[bool, bool]]:
    """Return what SCP/SCU Role Selection sub-items say (PS3.7 Table D.3-9), the first of each SOP class."""
    roles = dict[str, tuple[bool, bool]]()
    for kind, value, is_cut in items(user_information):
        length = int.from_bytes(value[:2], "big")
        if kind == Item.ROLE_SELECTION and not is_cut and len(value) == length + 4:
            roles.setdefault(uid(value[2 : 2 + length]), (value[-2] == 1, value[-1] == 1))
    return roles
