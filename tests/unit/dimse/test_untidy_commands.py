"""Command sets as peers really write them: an untidy element costs no more than itself."""

import struct

import pytest
from ct import head_ct
from intakes import Intake
from pydicom.uid import generate_uid
from upper_layer import CT, EXPLICIT, VERIFIED, Peer, associate_request, context, data, data_set_of

from triage_node.config import read_settings
from triage_node.dimse.command_set import Field, Operation

ABORTED = 7
MESSAGE_ID = 0x0123
ELEMENTS = {
    Field.AFFECTED_SOP_CLASS_UID: CT + b"\0",
    Field.COMMAND_FIELD: struct.pack("<H", Operation.C_STORE),
    Field.MESSAGE_ID: struct.pack("<H", MESSAGE_ID),
    Field.PRIORITY: struct.pack("<H", 1),
    Field.COMMAND_DATA_SET_TYPE: struct.pack("<H", 0),
}
UNTIDY = {
    "priority unknown": {Field.PRIORITY: b"\x03\0"},
    "priority empty": {Field.PRIORITY: b""},
    "priority of one byte": {Field.PRIORITY: b"\1"},
    "priority of four bytes": {Field.PRIORITY: b"\1\0\0\0"},
    "priority as text": {Field.PRIORITY: b"HIGH"},
    "message id of four bytes": {Field.MESSAGE_ID: struct.pack("<L", MESSAGE_ID)},
    "command field of four bytes": {Field.COMMAND_FIELD: struct.pack("<L", Operation.C_STORE)},
    "data set type of four bytes": {Field.COMMAND_DATA_SET_TYPE: struct.pack("<L", 1)},
}


@pytest.fixture(scope="module")
def intake(tmp_path_factory):
    intake = Intake(read_settings(dicom_port=0, data_dir=tmp_path_factory.mktemp("intake"), disk_reserve_mb=1))
    yield intake
    intake.stop()


def encoded(elements: dict[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in elements.items())


def stored(intake: Intake, changed: dict[int, bytes], padding: bytes = b"") -> tuple[int, int]:
    """Store an instance by a changed command; return the status, and that of an echo behind it."""
    [ds] = head_ct(slices=1)
    ds.SOPInstanceUID = generate_uid()
    uid, data_set = data_set_of(ds)
    elements = ELEMENTS | {Field.AFFECTED_SOP_INSTANCE_UID: uid + b"\0" * (len(uid) % 2)} | changed
    with Peer.connect(intake.port) as peer:
        peer.associate(associate_request(VERIFIED + context(3, CT, EXPLICIT)))
        peer.send(data(3, encoded(elements) + padding, is_command=True), data(3, data_set))
        return peer.status(), peer.echo()


@pytest.mark.parametrize("changed", UNTIDY.values(), ids=UNTIDY.keys())
def test_an_untidy_element_costs_no_more_than_itself(intake, changed):
    assert stored(intake, changed) == (0, 0)


def test_an_empty_message_id_is_answered_as_none(intake):
    assert stored(intake, {Field.MESSAGE_ID: b""}) == (0, 0)


@pytest.mark.parametrize("padding", [b"\0", b"\0\0", bytes(8), bytes(13)])
def test_zeros_behind_a_command_set_are_padding(intake, padding):
    assert stored(intake, {}, padding) == (0, 0)


@pytest.mark.parametrize("operation", [0x8001, 0x8030, 0x8020, 0xFFFF])
def test_a_response_that_answers_nothing_is_not_answered(intake, operation):
    response = {Field.COMMAND_FIELD: struct.pack("<H", operation), Field.COMMAND_DATA_SET_TYPE: b"\1\1"}
    with Peer.connect(intake.port) as peer:
        peer.associate(associate_request(VERIFIED + context(3, CT, EXPLICIT)))
        assert peer.send(data(3, encoded(response), is_command=True)).read()[0] == ABORTED
