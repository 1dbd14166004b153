"""The DICOM upper layer by hand (PS3.8): what no library would send."""

import socket
import ssl
import struct
from dataclasses import dataclass, field

from triage_node.dimse.command_set import Operation
from triage_node.dimse.pdu import HEADER, ITEM_HEADER, PDUType

VERIFICATION = b"1.2.840.10008.1.1"
CT = b"1.2.840.10008.5.1.4.1.1.2"
MR = b"1.2.840.10008.5.1.4.1.1.4"
IMPLICIT = b"1.2.840.10008.1.2"
EXPLICIT = b"1.2.840.10008.1.2.1"
RELEASE = HEADER.pack(PDUType.RELEASE_RQ, 4) + bytes(4)
MAXIMUM_LENGTH = struct.pack(">BxHL", 0x51, 4, 16384)
NO_DATA_SET = 0x0101


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def context(number: int, abstract: bytes | None = CT, *syntaxes: bytes) -> bytes:
    """A presentation context item; without syntaxes it has none."""
    abstract_item = b"" if abstract is None else item(0x30, abstract)
    return item(0x20, bytes((number, 0, 0, 0)) + abstract_item + b"".join(item(0x40, one) for one in syntaxes))


VERIFIED = context(1, VERIFICATION, IMPLICIT)


def associate_request(
    contexts: bytes = VERIFIED,
    calling: bytes = b"TESTER",
    user: bytes = b"",
    extra: bytes = b"",
    version: int = 1,
    application: bytes = b"1.2.840.10008.3.1.1.1",
    user_information: bytes | None = None,
) -> bytes:
    """An A-ASSOCIATE-RQ PDU; `user` are further sub-items of the user information, `extra` items behind it."""
    user_information = item(0x50, MAXIMUM_LENGTH + user) if user_information is None else user_information
    body = struct.pack(">HH", version, 0) + b"TRIAGE".ljust(16) + calling.ljust(16)[:16] + bytes(32)
    body += item(0x10, application) + contexts + user_information + extra
    return HEADER.pack(PDUType.ASSOCIATE_RQ, len(body)) + body


def command(operation: int, sop_class: bytes, sop_instance: bytes | None = None, has_data_set: bool = True) -> bytes:
    """A command set; odd UIDs are padded."""
    values = [
        (0x0002, sop_class + b"\0" * (len(sop_class) % 2)),
        (0x0100, struct.pack("<H", operation)),
        (0x0110, struct.pack("<H", 7)),
        (0x0800, struct.pack("<H", 0 if has_data_set else NO_DATA_SET)),
    ]
    if sop_instance is not None:
        values.append((0x1000, sop_instance + b"\0" * (len(sop_instance) % 2)))
    encoded = b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in values)
    return struct.pack("<HHLL", 0, 0, 4, len(encoded)) + encoded


def data(number: int, fragment: bytes, is_command: bool = False, is_last: bool = True) -> bytes:
    """A P-DATA-TF PDU with one fragment."""
    value = ITEM_HEADER.pack(len(fragment) + 2, number, is_command | is_last << 1) + fragment
    return HEADER.pack(PDUType.DATA_TF, len(value)) + value


@dataclass
class Peer:
    """A connection to the node; `results` are those of the presentation contexts, by identifier."""

    connection: socket.socket
    results: dict[int, int] = field(default_factory=dict)

    @classmethod
    def connect(cls, port: int, source: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> "Peer":
        connection = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            connection = context.wrap_socket(connection, server_hostname="127.0.0.1")
        return cls(connection)

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, *pdus: bytes) -> "Peer":
        self.connection.sendall(b"".join(pdus))
        return self

    def read(self) -> tuple[int, bytes]:
        """Return type and body of the next PDU, 0 when the node has closed."""
        try:
            head = self.read_bytes(HEADER.size)
        except ConnectionResetError:
            return 0, b""
        if len(head) < HEADER.size:
            return 0, b""
        kind, length = HEADER.unpack(head)
        return kind, self.read_bytes(length)

    def read_bytes(self, length: int) -> bytes:
        """Return so many bytes, fewer when the node has closed."""
        content = b""
        while len(content) < length and (part := self.connection.recv(length - len(content))):
            content += part
        return content

    def send_request(self) -> tuple[int, bytes]:
        """Ask for an association and return the answer."""
        return self.send(associate_request()).read()

    def associate(self, request: bytes | None = None) -> int:
        """Ask for an association and return the type of the answer."""
        kind, body = self.send(request or associate_request()).read()
        at = 68
        while kind == PDUType.ASSOCIATE_AC and at < len(body):
            item_type, length = struct.unpack_from(">BxH", body, at)
            if item_type == 0x21:
                self.results[body[at + 4]] = body[at + 6]
            at += 4 + length
        return kind

    def status(self) -> int:
        """Return the status of the next response, whatever number of fragments it comes in."""
        encoded = b""
        while True:
            kind, body = self.read()
            assert kind == PDUType.DATA_TF, f"PDU of type {kind}"
            encoded += body[ITEM_HEADER.size :]
            if body[5] & 2:
                break
        at = encoded.index(struct.pack("<HHL", 0, 0x0900, 2)) + 8
        return int.from_bytes(encoded[at : at + 2], "little")

    def echo(self, number: int = 1, sop_class: bytes = VERIFICATION) -> int:
        return self.send(data(number, command(Operation.C_ECHO, sop_class, has_data_set=False), True)).status()

    def store(self, number: int, sop_class: bytes, sop_instance: bytes | None, data_set: bytes) -> int:
        request = command(Operation.C_STORE, sop_class, sop_instance)
        return self.send(data(number, request, True), data(number, data_set)).status()


def data_set_of(ds) -> tuple[bytes, bytes]:
    """Return the SOP Instance UID and the bytes of a data set, Explicit VR Little Endian."""
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, ds)
    return str(ds.SOPInstanceUID).encode(), buffer.getvalue()
