"""DIMSE command sets (PS3.7 Section 6.3): always Implicit VR Little Endian, group 0000."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

ELEMENT = struct.Struct("<HHL")
US = struct.Struct("<H")
UL = struct.Struct("<L")
NO_DATA_SET, HAS_DATA_SET = 0x0101, 0x0001
LONGEST_COMMAND_BYTES = 1 << 16


class Field(IntEnum):
    """Elements of group 0000 (PS3.7 Annex E)."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    REQUESTED_SOP_CLASS_UID = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    PRIORITY = 0x0700
    COMMAND_DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    ERROR_COMMENT = 0x0902
    AFFECTED_SOP_INSTANCE_UID = 0x1000
    REQUESTED_SOP_INSTANCE_UID = 0x1001
    EVENT_TYPE_ID = 0x1002
    ACTION_TYPE_ID = 0x1008


class Operation(IntEnum):
    """Values of the Command Field (PS3.7 Annex E.1)."""

    C_STORE = 0x0001
    C_ECHO = 0x0030
    N_EVENT_REPORT = 0x0100
    N_GET = 0x0110
    N_SET = 0x0120
    N_ACTION = 0x0130
    N_CREATE = 0x0140
    N_DELETE = 0x0150
    C_CANCEL = 0x0FFF


RESPONSE = 0x8000
# PS3.7 Section 10.3: these name what they ask for, the others what they affect; a response names what was affected.
REQUESTED = frozenset([Operation.N_GET, Operation.N_SET, Operation.N_ACTION, Operation.N_DELETE])
TYPE_IDS: dict[int, Field] = {Operation.N_EVENT_REPORT: Field.EVENT_TYPE_ID, Operation.N_ACTION: Field.ACTION_TYPE_ID}
LONGEST_COMMENT = 64


@dataclass(frozen=True)
class Command:
    """A request, or the response to one; one without a Message ID or a Priority has 0.

    Parameters
    ----------
    message_id
        Of a response, that of the request it answers.
    sop_class_uid, sop_instance_uid
        What is affected, or what is requested where the operation says it so.
    type_id
        Event or Action Type ID.
    status
        That of a response.
    """

    operation: int
    message_id: int
    has_data_set: bool
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    priority: int = 0
    type_id: int | None = None
    status: int | None = None

    @classmethod
    def decode(cls, encoded: bytes) -> "Command":
        """Read a command set.

        Raises
        ------
        ValueError
            It is cut off, or lacks what every request has.
        """
        elements = _elements(encoded)
        try:
            operation = _number(elements[Field.COMMAND_FIELD])
            has_data_set = _number(elements[Field.COMMAND_DATA_SET_TYPE]) != NO_DATA_SET
        except KeyError as error:
            raise ValueError("the command set lacks an element") from error
        is_requested, is_response = operation in REQUESTED, operation & RESPONSE
        sop_class = Field.REQUESTED_SOP_CLASS_UID if is_requested else Field.AFFECTED_SOP_CLASS_UID
        sop_instance = Field.REQUESTED_SOP_INSTANCE_UID if is_requested else Field.AFFECTED_SOP_INSTANCE_UID
        message_id = Field.MESSAGE_ID_BEING_RESPONDED_TO if is_response else Field.MESSAGE_ID
        return cls(
            operation=operation,
            message_id=_number(elements.get(message_id, b"\0")),
            has_data_set=has_data_set,
            sop_class_uid=_uid(elements.get(sop_class, b"")),
            sop_instance_uid=_uid(elements.get(sop_instance, b"")),
            priority=_number(elements.get(Field.PRIORITY, b"\0")),
            type_id=_optional_number(elements, TYPE_IDS.get(operation & ~RESPONSE)),
            status=_optional_number(elements, Field.STATUS),
        )

    def response(
        self, status: int, *, sop_instance_uid: str = "", has_data_set: bool = False, comment: str = ""
    ) -> bytes:
        """Return the encoded command set that answers this request.

        Parameters
        ----------
        sop_instance_uid
            Of what was affected, where that is not what the request names.
        """
        elements = [(Field.AFFECTED_SOP_CLASS_UID, _padded(self.sop_class_uid))] if self.sop_class_uid else []
        elements += [
            (Field.COMMAND_FIELD, US.pack(self.operation | RESPONSE)),
            (Field.MESSAGE_ID_BEING_RESPONDED_TO, US.pack(self.message_id)),
            (Field.COMMAND_DATA_SET_TYPE, US.pack(HAS_DATA_SET if has_data_set else NO_DATA_SET)),
            (Field.STATUS, US.pack(status)),
        ]
        if comment:
            text = comment.encode("ascii", "replace")[:LONGEST_COMMENT]
            elements.append((Field.ERROR_COMMENT, text + b" " * (len(text) % 2)))
        if affected := sop_instance_uid or self.sop_instance_uid:
            elements.append((Field.AFFECTED_SOP_INSTANCE_UID, _padded(affected)))
        if self.type_id is not None:
            elements.append((TYPE_IDS[self.operation], US.pack(self.type_id)))
        return _encoded(elements)


def event_report(message_id: int, type_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """Return the encoded command set of an N-EVENT-REPORT request with a data set (PS3.7 Table 10.3-1)."""
    return _encoded(
        [
            (Field.AFFECTED_SOP_CLASS_UID, _padded(sop_class_uid)),
            (Field.COMMAND_FIELD, US.pack(Operation.N_EVENT_REPORT)),
            (Field.MESSAGE_ID, US.pack(message_id)),
            (Field.COMMAND_DATA_SET_TYPE, US.pack(HAS_DATA_SET)),
            (Field.AFFECTED_SOP_INSTANCE_UID, _padded(sop_instance_uid)),
            (Field.EVENT_TYPE_ID, US.pack(type_id)),
        ]
    )


def _encoded(elements: Iterable[tuple[int, bytes]]) -> bytes:
    encoded = b"".join(ELEMENT.pack(0, field, len(value)) + value for field, value in elements)
    return ELEMENT.pack(0, Field.GROUP_LENGTH, UL.size) + UL.pack(len(encoded)) + encoded


def _elements(encoded: bytes) -> dict[int, bytes]:
    elements, at = {}, 0
    end = len(encoded.rstrip(b"\0"))  # some pad it
    while at < end:
        if len(encoded) - at < ELEMENT.size:
            raise ValueError("the command set is cut off")
        group, element, length = ELEMENT.unpack_from(encoded, at)
        at += ELEMENT.size
        if group != 0 or length > len(encoded) - at:
            raise ValueError("the command set is damaged")
        if length:  # an empty element says as much as none
            elements[element] = encoded[at : at + length]
        at += length
    return elements


def _number(value: bytes) -> int:
    """Return a US value, also when it came longer than its two bytes, or shorter."""
    return int.from_bytes(value[: US.size], "little")


def _optional_number(elements: dict[int, bytes], field: int | None) -> int | None:
    return _number(elements[field]) if field is not None and field in elements else None


def _uid(value: bytes) -> str:
    """Return a UID without padding; Latin-1, so that what is none goes back as it came."""
    return value.rstrip(b"\0 ").decode("latin-1")


def _padded(uid: str) -> bytes:
    encoded = uid.encode("latin-1")
    return encoded + b"\0" * (len(encoded) % 2)
