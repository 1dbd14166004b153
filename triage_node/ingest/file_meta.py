"""The File Meta Information that makes a received data set a file (PS3.10 Section 7.1)."""

import struct

from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

PREAMBLE_BYTES = 128
PREFIX = b"DICM"
PREFIX_END = PREAMBLE_BYTES + len(PREFIX)
SHORT = struct.Struct("<HH2sH")
LONG = struct.Struct("<HH2sHL")


def file_start(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, source_ae_title: str) -> bytes:
    """Return preamble, prefix and File Meta Information, to be followed by the data set exactly as received."""
    elements = (
        LONG.pack(2, 0x0001, b"OB", 0, 2) + b"\0\x01",
        _element(0x0002, b"UI", sop_class_uid),
        _element(0x0003, b"UI", sop_instance_uid),
        _element(0x0010, b"UI", transfer_syntax_uid),
        _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
        _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME),
        _element(0x0016, b"AE", source_ae_title),
    )
    meta = b"".join(elements)
    group_length = SHORT.pack(2, 0x0000, b"UL", 4) + struct.pack("<L", len(meta))
    return bytes(PREAMBLE_BYTES) + PREFIX + group_length + meta


def without_preamble(content: bytes) -> bytes:
    """Return a file, or its beginning, with zeros for a preamble.

    A preamble is free for other formats (PS3.10 7.1): with that of an executable or a script a file is one, too, and
    who retrieves it may run it. No reader of DICOM needs it.
    """
    if content[PREAMBLE_BYTES:PREFIX_END] != PREFIX or not any(content[:PREAMBLE_BYTES]):
        return content
    return bytes(PREAMBLE_BYTES) + content[PREAMBLE_BYTES:]


def _element(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii", "replace")
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    return SHORT.pack(2, element, vr, len(value)) + value
