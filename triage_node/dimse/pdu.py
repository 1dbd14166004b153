"""Protocol data units (PS3.8 Section 9.3), encoded and decoded; every length is bounded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

MAXIMUM_PDU_BYTES = 131072
# The length field could announce 4 GiB. What we advertise bounds P-DATA-TF; an A-ASSOCIATE-RQ with 128 presentation
# contexts of many transfer syntaxes stays far below this, too.
LONGEST_PDU_BYTES = 1 << 20

HEADER = struct.Struct(">BxL")
ITEM_HEADER = struct.Struct(">LBB")


class PDUType(IntEnum):
    """PDU types of PS3.8 Section 9.3.1."""

    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    DATA_TF = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


class AbortReason(IntEnum):
    """Reasons of a provider's A-ABORT (PS3.8 Table 9-26)."""

    NOT_SPECIFIED = 0x00
    UNRECOGNIZED_PDU = 0x01
    UNEXPECTED_PDU = 0x02
    INVALID_PARAMETER = 0x06


class ProtocolError(Exception):
    """The peer does not keep to the protocol."""

    def __init__(self, message: str, reason: AbortReason = AbortReason.INVALID_PARAMETER) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class DataItem:
    """A presentation data value item (PS3.8 Section 9.3.5.1); the data is valid until its message has ended."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


def pdu_header(encoded: bytes | bytearray | memoryview) -> tuple[PDUType, int]:
    """Return type and length of the PDU that begins with these six bytes (PS3.8 Section 9.3.1).

    Raises
    ------
    ProtocolError
        It is no PDU, or one longer than the node takes.
    """
    kind, length = HEADER.unpack(encoded)
    if kind not in PDUType.__members__.values():
        raise ProtocolError(f"unknown PDU type 0x{kind:02X}", AbortReason.UNRECOGNIZED_PDU)
    if length > LONGEST_PDU_BYTES:
        raise ProtocolError(f"a PDU of {length} bytes is announced")
    return PDUType(kind), length


def data_items(body: memoryview) -> Iterator[DataItem]:
    """Yield the presentation data value items of a P-DATA-TF PDU's body.

    Raises
    ------
    ProtocolError
        The lengths do not add up.
    """
    at = 0
    while at < len(body):
        if len(body) - at < ITEM_HEADER.size:
            raise ProtocolError("a data item is cut off")
        length, context_id, control = ITEM_HEADER.unpack_from(body, at)
        end = at + 4 + length
        if length < 2 or end > len(body):
            raise ProtocolError("a data item's length does not fit its PDU")
        yield DataItem(context_id, bool(control & 1), bool(control & 2), body[at + ITEM_HEADER.size : end])
        at = end


def data_pdus(context_id: int, content: bytes, longest: int = 0, *, is_command: bool = True) -> bytes:
    """Return a whole command or data set in as many P-DATA-TF PDUs as the peer's longest asks for; 0 sets no limit."""
    # With less than this there is no room for a byte of a fragment behind its header.
    size = longest - ITEM_HEADER.size if longest > ITEM_HEADER.size else len(content)
    pdus = []
    for start in range(0, len(content), size):
        fragment = content[start : start + size]
        control = int(is_command) | (0x02 if start + size >= len(content) else 0)
        item = ITEM_HEADER.pack(len(fragment) + 2, context_id, control) + fragment
        pdus.append(HEADER.pack(PDUType.DATA_TF, len(item)) + item)
    return b"".join(pdus)


def reject_pdu(result: int, source: int, reason: int) -> bytes:
    """Return an A-ASSOCIATE-RJ PDU (PS3.8 Table 9-21)."""
    return HEADER.pack(PDUType.ASSOCIATE_RJ, 4) + bytes((0, result, source, reason))


def abort_pdu(reason: AbortReason) -> bytes:
    """Return the A-ABORT PDU of a service provider (PS3.8 Table 9-26)."""
    return HEADER.pack(PDUType.ABORT, 4) + bytes((0, 0, 2, reason))


RELEASE_RESPONSE = HEADER.pack(PDUType.RELEASE_RP, 4) + bytes(4)
