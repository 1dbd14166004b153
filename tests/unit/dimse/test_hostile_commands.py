"""Command sets without what they must have, and with names that are none: an answer, and the association goes on."""

import struct

import pytest
from ct import head_ct
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intakes import Intake
from pydicom.uid import generate_uid
from upper_layer import CT, EXPLICIT, VERIFICATION, VERIFIED, Peer, associate_request, context, data, data_set_of

from triage_node.config import read_settings
from triage_node.dimse.command_set import Command, Field, Operation
from triage_node.logs import OneLine

ABORTED, SUCCESS, CLASS_NOT_SUPPORTED, INVALID_INSTANCE = "aborted", 0x0000, 0x0122, 0x0117
REQUEST = associate_request(VERIFIED + context(3, CT, EXPLICIT))
STORE = {
    Field.AFFECTED_SOP_CLASS_UID: CT + b"\0",
    Field.COMMAND_FIELD: struct.pack("<H", Operation.C_STORE),
    Field.MESSAGE_ID: b"\7\0",
    Field.PRIORITY: b"\0\0",
    Field.COMMAND_DATA_SET_TYPE: b"\0\0",
}
ECHO = {
    Field.AFFECTED_SOP_CLASS_UID: VERIFICATION + b"\0",
    Field.COMMAND_FIELD: struct.pack("<H", Operation.C_ECHO),
    Field.MESSAGE_ID: b"\7\0",
    Field.COMMAND_DATA_SET_TYPE: b"\1\1",
}
WITHOUT = [
    (STORE, Field.AFFECTED_SOP_CLASS_UID, CLASS_NOT_SUPPORTED),
    (STORE, Field.AFFECTED_SOP_INSTANCE_UID, INVALID_INSTANCE),
    (STORE, Field.COMMAND_FIELD, ABORTED),
    (STORE, Field.COMMAND_DATA_SET_TYPE, ABORTED),
    (STORE, Field.MESSAGE_ID, SUCCESS),
    (STORE, Field.PRIORITY, SUCCESS),
    (ECHO, Field.AFFECTED_SOP_CLASS_UID, CLASS_NOT_SUPPORTED),
    (ECHO, Field.COMMAND_FIELD, ABORTED),
    (ECHO, Field.COMMAND_DATA_SET_TYPE, ABORTED),
    (ECHO, Field.MESSAGE_ID, SUCCESS),
]
NAMES = {
    "a path": b"../../../../etc/passwd",
    "an absolute path": b"/etc/passwd",
    "a NUL inside": b"1.2\0.3",
    "1,000 characters": b"1." + b"2" * 998,
    "60,000 characters": b"1." + b"2" * 59_998,
    "dots": b"..",
    "a line feed": b"1.2\n3",
    "a command to a terminal": b"1.2\x1b[2J",
    "bytes beyond ASCII": b"\xff\xfe\xfd\xfc",
}


@pytest.fixture(scope="module")
def intake(tmp_path_factory):
    intake = Intake(read_settings(dicom_port=0, data_dir=tmp_path_factory.mktemp("intake"), disk_reserve_mb=1))
    yield intake
    intake.stop()


@pytest.fixture
def image():
    [ds] = head_ct(slices=1, size=(16, 16))
    ds.SOPInstanceUID = generate_uid()
    return data_set_of(ds)


def encoded(elements: dict[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in sorted(elements.items()))


def answer(intake: Intake, elements: dict[int, bytes], data_set: bytes) -> int | str:
    """Send a command set, and a data set where it is a C-STORE's; the node must go on in any case."""
    with Peer.connect(intake.port) as peer:
        peer.associate(REQUEST)
        is_store = data_set and elements.get(Field.COMMAND_DATA_SET_TYPE) == b"\0\0"
        number = 1 if elements.get(Field.AFFECTED_SOP_CLASS_UID, b"").startswith(VERIFICATION) else 3
        peer.send(data(number, encoded(elements), is_command=True), *([data(number, data_set)] if is_store else []))
        try:
            status: int | str = peer.status()
            assert peer.echo() == SUCCESS, "the association goes on"
        except AssertionError as error:
            assert str(error).startswith("PDU of type 7"), error
            status = ABORTED
    with Peer.connect(intake.port) as peer:
        peer.associate(REQUEST)
        assert peer.echo() == SUCCESS
    return status


@pytest.mark.parametrize(("whole", "missing", "status"), WITHOUT)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_a_command_set_without_an_element(intake, image, whole, missing, status, how):
    uid, data_set = image
    elements = whole if whole is ECHO else whole | {Field.AFFECTED_SOP_INSTANCE_UID: uid + b"\0" * (len(uid) % 2)}
    changed = {element: value for element, value in elements.items() if element != missing}
    if how == "empty":
        changed[missing] = b""
    assert answer(intake, changed, data_set if whole is STORE else b"") == status


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_an_instance_of_such_a_name_is_not_stored(intake, image, name, wait_for):
    wait_for(lambda: not list(intake.spool.layout.incoming.iterdir()), "what others have stored to be filed")
    before = sorted(intake.spool.layout.root.rglob("*"))
    status = answer(intake, STORE | {Field.AFFECTED_SOP_INSTANCE_UID: name + b"\0" * (len(name) % 2)}, image[1])
    assert status == INVALID_INSTANCE
    assert sorted(intake.spool.layout.root.rglob("*")) == before


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_class_of_such_a_name_is_not_supported(intake, image, name, wait_for, caplog):
    status = answer(intake, STORE | {Field.AFFECTED_SOP_CLASS_UID: name + b"\0" * (len(name) % 2)}, image[1])
    assert status == CLASS_NOT_SUPPORTED
    for event in wait_for(lambda: intake.events("instance_refused"), "an event"):
        assert event.isprintable()
        assert len(event) < 500
    for line in map(OneLine().format, caplog.records):
        assert line.isprintable(), "a peer writes no line of its own into the log"
        assert len(line) < 500


@given(encoded=st.binary(max_size=300))
def test_an_answer_to_any_command_set_is_one(encoded):
    try:
        request = Command.decode(encoded)
    except ValueError:
        return
    again = Command.decode(request.response(SUCCESS))
    assert (again.sop_class_uid, again.sop_instance_uid) == (request.sop_class_uid, request.sop_instance_uid)
    assert not again.has_data_set


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    values=st.dictionaries(
        st.sampled_from([*Field, 0x0600, 0x1031, 0x5110]),
        st.one_of(st.binary(max_size=6), st.just(b"\1\0")),
        max_size=9,
    )
)
def test_any_elements_are_answered_or_aborted(intake, values):
    complete = {Field.COMMAND_FIELD: b"\1\0", Field.COMMAND_DATA_SET_TYPE: b"\1\1"} | values
    status = answer(intake, complete, b"") if values.get(Field.COMMAND_DATA_SET_TYPE, b"\1\1") == b"\1\1" else None
    assert status is None or status == ABORTED or 0 <= int(status) <= 0xFFFF
