"""DIMSE command sets (PS3.7 Section 6.3): always Implicit VR Little Endian, group 0000."""

import struct
from dataclasses import dataclass
from enum import IntEnum

ELEMENT = struct.Struct("<HHL")
US = struct.Struct("<H")
UL = struct.Struct("<L")
NO_DATA_SET = 0x0101
LONGEST_COMMAND_BYTES = 1 << 16


class Field(IntEnum):
    """Elements of group 0000 (PS3.7 Annex E)."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    PRIORITY = 0x0700
    COMMAND_DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    AFFECTED_SOP_INSTANCE_UID = 0x1000


class Operation(IntEnum):
    """Values of the Command Field (PS3.7 Annex E.1)."""

    C_STORE = 0x0001
    C_ECHO = 0x0030
    C_CANCEL = 0x0FFF


RESPONSE = 0x8000


@dataclass(frozen=True)
class Command:
    """A request; one without a Message ID or a Priority has 0."""

    operation: int
    message_id: int
    has_data_set: bool
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    priority: int = 0

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
            return cls(
                operation=_number(elements[Field.COMMAND_FIELD]),
                message_id=_number(elements.get(Field.MESSAGE_ID, b"\0")),
                has_data_set=_number(elements[Field.COMMAND_DATA_SET_TYPE]) != NO_DATA_SET,
                sop_class_uid=_uid(elements.get(Field.AFFECTED_SOP_CLASS_UID, b"")),
                sop_instance_uid=_uid(elements.get(Field.AFFECTED_SOP_INSTANCE_UID, b"")),
                priority=_number(elements.get(Field.PRIORITY, b"\0")),
            )
        except KeyError as error:
            raise ValueError("the command set lacks an element") from error

    def response(self, status: int) -> bytes:
        """Return the encoded command set that answers this request, without a data set."""
        elements = [(Field.AFFECTED_SOP_CLASS_UID, _padded(self.sop_class_uid))] if self.sop_class_uid else []
        elements += [
            (Field.COMMAND_FIELD, US.pack(self.operation | RESPONSE)),
            (Field.MESSAGE_ID_BEING_RESPONDED_TO, US.pack(self.message_id)),
            (Field.COMMAND_DATA_SET_TYPE, US.pack(NO_DATA_SET)),
            (Field.STATUS, US.pack(status)),
        ]
        if self.sop_instance_uid:
            elements.append((Field.AFFECTED_SOP_INSTANCE_UID, _padded(self.sop_instance_uid)))
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


def _uid(value: bytes) -> str:
    """Return a UID without padding; Latin-1, so that what is none goes back as it came."""
    return value.rstrip(b"\0 ").decode("latin-1")


def _padded(uid: str) -> bytes:
    encoded = uid.encode("latin-1")
    return encoded + b"\0" * (len(encoded) % 2)
