"""Lengths that are not those of what follows: of PDUs, of data items, of elements of a command set (PS3.8 9.3)."""

import struct
import tracemalloc

import pytest
from intakes import Intake
from upper_layer import CT, EXPLICIT, RELEASE, VERIFICATION, VERIFIED, Peer, associate_request, command, context, data

from triage_node.config import read_settings
from triage_node.dimse.command_set import Field, Operation
from triage_node.dimse.pdu import HEADER, LONGEST_PDU_BYTES, PDUType

LONGEST = 0xFFFFFFFF
REQUEST = associate_request(VERIFIED + context(3, CT, EXPLICIT))
ECHO = command(Operation.C_ECHO, VERIFICATION, has_data_set=False)
INVALID_PARAMETER = 6
SERVICE_PROVIDER = 2


@pytest.fixture(scope="module")
def intake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intake")
    intake = Intake(read_settings(dicom_port=0, data_dir=folder, disk_reserve_mb=1, association_idle_seconds=2))
    yield intake
    intake.stop()


def associated(intake: Intake) -> Peer:
    peer = Peer.connect(intake.port)
    assert peer.associate(REQUEST) == PDUType.ASSOCIATE_AC
    return peer


def is_served(intake: Intake) -> bool:
    with associated(intake) as peer:
        return peer.echo() == 0


@pytest.mark.parametrize("kind", [PDUType.ASSOCIATE_RQ, PDUType.DATA_TF, PDUType.RELEASE_RQ, PDUType.ABORT])
@pytest.mark.parametrize("length", [LONGEST_PDU_BYTES + 1, 0x7FFFFFFF, LONGEST])
def test_a_pdu_that_announces_too_much_is_aborted_before_any_memory_is_asked_for(intake, kind, length):
    with associated(intake) as peer:
        tracemalloc.start()
        try:
            kind_of_answer, body = peer.send(HEADER.pack(kind, length)).read()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (kind_of_answer, body[2], body[3]) == (PDUType.ABORT, SERVICE_PROVIDER, INVALID_PARAMETER)
    assert peak < 1 << 20
    assert is_served(intake)


@pytest.mark.parametrize("length", [0, 1, 5, LONGEST_PDU_BYTES + 1, LONGEST])
def test_a_first_pdu_with_the_length_of_no_request_is_aborted(intake, length):
    with Peer.connect(intake.port) as peer:
        peer.send(HEADER.pack(PDUType.ASSOCIATE_RQ, length), bytes(min(length, 5)))
        assert peer.read()[0] == PDUType.ABORT
    assert is_served(intake)


@pytest.mark.parametrize("kind", [PDUType.RELEASE_RQ, PDUType.ABORT])
@pytest.mark.parametrize("length", [0, 1, 5000])
def test_what_a_release_or_an_abort_holds_does_not_matter(intake, kind, length):
    with associated(intake) as peer:
        peer.send(HEADER.pack(kind, length), bytes(length))
        assert peer.read()[0] == (PDUType.RELEASE_RP if kind is PDUType.RELEASE_RQ else 0)


def test_a_pdu_without_data_items_is_one(intake):
    with associated(intake) as peer:
        peer.send(HEADER.pack(PDUType.DATA_TF, 0))
        assert peer.echo() == 0


@pytest.mark.parametrize("length", [0, 1, 3, 100, 0x7FFFFFFF, LONGEST])
def test_a_data_item_of_another_length_than_its_pdu_is_aborted(intake, length):
    with associated(intake) as peer:
        value = struct.pack(">LBB", length, 1, 3)
        kind, body = peer.send(HEADER.pack(PDUType.DATA_TF, len(value)), value).read()
        assert (kind, body[3]) == (PDUType.ABORT, INVALID_PARAMETER)
    assert is_served(intake)


@pytest.mark.parametrize("missing", [1, 5])
def test_a_data_item_that_ends_within_its_head_is_aborted(intake, missing):
    with associated(intake) as peer:
        whole = struct.pack(">LBB", 2 + len(ECHO), 1, 3) + ECHO
        value = whole + whole[: 6 - missing]
        assert peer.send(HEADER.pack(PDUType.DATA_TF, len(value)), value).status() == 0, "the whole one before it"
        assert peer.read()[0] == PDUType.ABORT


def test_fragments_of_nothing_are_fragments(intake):
    with associated(intake) as peer:
        nothing = [data(1, b"", is_command=True, is_last=False)] * 100
        peer.send(*nothing, data(1, ECHO, is_command=True, is_last=False), data(1, b"", is_command=True))
        assert peer.status() == 0
        assert peer.send(RELEASE).read()[0] == PDUType.RELEASE_RP


@pytest.mark.parametrize("length", [1, 3, 0xFFFF, 0x7FFFFFFF, LONGEST])
@pytest.mark.parametrize("element", [Field.GROUP_LENGTH, Field.AFFECTED_SOP_CLASS_UID, Field.MESSAGE_ID])
def test_an_element_of_a_command_set_that_is_longer_than_the_set_is_aborted(intake, element, length):
    damaged = struct.pack("<HHL", 0, element, length)
    with associated(intake) as peer:
        assert peer.send(data(1, damaged, is_command=True)).read()[0] == PDUType.ABORT
    assert is_served(intake)


def test_a_command_set_without_an_end_is_aborted(intake):
    with associated(intake) as peer:
        for _ in range(20):
            peer.send(data(1, bytes(10_000), is_command=True, is_last=False))
            if (answer := _nothing_or_answer(peer)) is not None:
                break
        assert answer == PDUType.ABORT
    assert is_served(intake)


def _nothing_or_answer(peer: Peer) -> int | None:
    peer.connection.settimeout(0.05)
    try:
        return peer.read()[0]
    except TimeoutError:
        return None
    finally:
        peer.connection.settimeout(10)
