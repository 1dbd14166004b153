"""A sender that behaves gets an association, whatever others hold."""

import select
import socket
import time

import pytest
from ct import head_ct
from intakes import Intake
from pydicom.uid import generate_uid
from upper_layer import (
    CT,
    EXPLICIT,
    RELEASE,
    VERIFICATION,
    VERIFIED,
    Peer,
    associate_request,
    command,
    context,
    data,
    data_set_of,
)

from triage_node.config import read_settings
from triage_node.dimse import pace, places
from triage_node.dimse.command_set import Operation
from triage_node.dimse.pdu import HEADER, PDUType

pytestmark = pytest.mark.slow

OTHER = "127.0.0.2"
REJECTED_FOR_NOW = (3, bytes((0, 2, 3, 2)))
ACCEPTED, ABORTED, CLOSED = 2, 7, 0
CONTEXTS = associate_request(VERIFIED + context(3, CT, EXPLICIT))
STORE = data(3, command(Operation.C_STORE, CT, b"1.2.3"), is_command=True)


@pytest.fixture
def intake(tmp_path):
    started = []

    def start(**options) -> Intake:
        options = {"maximum_associations": 6, "maximum_associations_per_address": 4} | options
        started.append(Intake(read_settings(dicom_port=0, data_dir=tmp_path, disk_reserve_mb=1, **options)))
        return started[-1]

    yield start
    for intake in started:
        intake.stop()


@pytest.fixture
def connect():
    peers = []

    def connect(intake: Intake, source: str = "127.0.0.1") -> Peer:
        peers.append(Peer.connect(intake.port, source))
        return peers[-1]

    yield connect
    for peer in peers:
        peer.connection.close()


def associated(connect, intake, count: int, source: str = "127.0.0.1") -> list[Peer]:
    made = [connect(intake, source) for _ in range(count)]
    assert [peer.associate(CONTEXTS) for peer in made] == [ACCEPTED] * count
    return made


def busy(peers: list[Peer], size: int = 5000) -> list[Peer]:
    """Begin a message with each that does not end."""
    for peer in peers:
        peer.send(STORE, data(3, bytes(size), is_last=False))
    return peers


def test_connections_that_say_nothing_keep_nobody_out(intake, connect):
    node = intake()
    silent = [connect(node) for _ in range(200)]
    for _ in range(20):
        begin = time.monotonic()
        with Peer.connect(node.port) as peer:
            assert peer.associate() == ACCEPTED
            assert peer.echo() == 0
            peer.send(RELEASE).read()
        assert time.monotonic() - begin < 2
    assert node.listener.state().associations <= 1
    assert len(silent) == 200


def test_requests_that_come_drop_by_drop_keep_nobody_out(intake, connect):
    node = intake()
    for number in range(100):
        connect(node).send(associate_request()[: number + 1])
    assert connect(node).associate() == ACCEPTED


def test_a_request_that_comes_in_pieces_is_served_when_it_is_whole(intake, connect):
    peer = connect(intake())
    request = associate_request()
    for at in range(0, len(request) - 7, 7):
        peer.send(request[at : at + 7])
    assert peer.associate(
        request[at + 7 :] + data(1, command(Operation.C_ECHO, b"1.2.840.10008.1.1", None, False), True)
    )
    assert peer.status() == 0, "what came behind the request was for the association"


def test_one_address_cannot_take_all_places(intake, connect, wait_for):
    node = intake()
    busy(associated(connect, node, 4))
    begin = time.monotonic()
    assert connect(node).send(CONTEXTS).read() == REJECTED_FOR_NOW
    assert time.monotonic() - begin < 3, "it is told so, not left waiting"
    [peer] = associated(connect, node, 1, OTHER)
    assert peer.echo() == 0
    assert node.listener.state().refused == 1
    said = "'TESTER' at 127.0.0.1: The association was rejected: too many associations."
    wait_for(lambda: said in node.events("instance_refused"), "the event")


def test_who_waits_for_a_place_gets_the_one_that_becomes_free(intake, connect):
    node = intake(maximum_associations=1)
    [first] = busy(associated(connect, node, 1))
    second = connect(node).send(CONTEXTS)
    first.send(data(3, b"", is_last=True)).status()
    first.send(RELEASE)
    assert second.read()[0] == ACCEPTED


def test_the_association_quiet_longest_makes_room(intake, connect):
    node = intake()
    first, *others = associated(connect, node, 4)
    for peer in others:
        assert peer.echo() == 0
    assert connect(node).associate(CONTEXTS) == ACCEPTED
    assert first.read()[0] == ABORTED
    assert [peer.echo() for peer in others] == [0, 0, 0]


def store(peer: Peer) -> int:
    [ds] = head_ct(slices=1)
    ds.SOPInstanceUID = generate_uid()
    return peer.store(3, CT, *data_set_of(ds))


def test_an_association_that_has_worked_may_rest_longer(intake, connect, monkeypatch):
    monkeypatch.setattr(places, "QUIET_AFTER_WORK_SECONDS", 1.2)
    node = intake(maximum_associations=1)
    [first] = associated(connect, node, 1)
    assert store(first) == 0
    assert connect(node, OTHER).send(CONTEXTS).read() == REJECTED_FOR_NOW
    assert connect(node, OTHER).associate(CONTEXTS) == ACCEPTED
    assert first.read()[0] == ABORTED


def until_accepted(connect, node: Intake, keep_on) -> bool:
    """Ask again and again for an association of the same address, while others go on; tell whether one was had."""
    for _ in range(5):
        peer = connect(node).send(CONTEXTS)
        looks = 0
        while not select.select([peer.connection], [], [], 0.1)[0]:
            keep_on()
            looks += 1
            assert looks < 100, "the port answers nobody"
        if peer.read()[0] == ACCEPTED:
            return True
    return False


def test_who_only_echoes_makes_room_for_who_sends(intake, connect):
    node = intake()
    others = associated(connect, node, 4)
    echo = data(1, command(Operation.C_ECHO, VERIFICATION, None, False), is_command=True)
    assert until_accepted(connect, node, lambda: [peer.send(echo) for peer in others])


def test_empty_pdus_keep_no_place(intake, connect, monkeypatch):
    monkeypatch.setattr(places, "DAWDLING_SECONDS", 0.3)
    node = intake()
    others = associated(connect, node, 4)
    assert until_accepted(connect, node, lambda: [peer.send(HEADER.pack(PDUType.DATA_TF, 0)) for peer in others])


def test_who_does_not_read_the_answers_makes_room(intake, connect, monkeypatch):
    monkeypatch.setattr(places, "DAWDLING_SECONDS", 0.3)
    node = intake(maximum_associations_per_address=1)
    echoes = data(1, command(Operation.C_ECHO, VERIFICATION, None, False), is_command=True) * 1000
    [peer] = associated(connect, node, 1)
    peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # full the sooner
    peer.connection.settimeout(0.1)
    with pytest.raises(TimeoutError):
        while True:
            peer.connection.sendall(echoes)
    assert until_accepted(connect, node, lambda: None)


def test_a_message_of_a_few_kilobytes_a_second_makes_room(intake, connect, monkeypatch):
    monkeypatch.setattr(places, "DAWDLING_SECONDS", 0.3)
    node = intake()
    others = busy(associated(connect, node, 4), 10)
    assert until_accepted(connect, node, lambda: [peer.send(data(3, bytes(400), is_last=False)) for peer in others])


def test_an_association_at_work_does_not_make_room(intake, connect):
    node = intake(maximum_associations=2)
    working = busy(associated(connect, node, 2))
    assert connect(node, OTHER).send(CONTEXTS).read() == REJECTED_FOR_NOW
    for peer in working:
        assert peer.send(data(3, b"x" * 100)).status() == 0xC000, "the message went on and was judged"


def test_a_message_that_dawdles_makes_room(intake, connect, monkeypatch):
    monkeypatch.setattr(places, "DAWDLING_SECONDS", 0.3)
    node = intake(maximum_associations=2)
    busy(associated(connect, node, 2), 10)
    for _ in range(5):
        answer = connect(node, OTHER).send(CONTEXTS).read()
        if answer[0] == ACCEPTED:
            return
        assert answer == REJECTED_FOR_NOW
    pytest.fail("nobody made room")


def test_a_message_that_trickles_is_ended(intake, connect, monkeypatch):
    monkeypatch.setattr(pace, "PACE_SECONDS", 0.3)
    peer, *_ = busy(associated(connect, intake(), 1))
    # 100 bytes a second in PDUs that are whole, and one that never will be
    for _ in range(20):
        try:
            peer.send(data(3, bytes(10), is_last=False))
        except OSError:
            break
        time.sleep(0.1)
    assert peer.read()[0] in (ABORTED, CLOSED)


def test_an_honest_slow_line_is_not_punished(intake, connect, monkeypatch):
    monkeypatch.setattr(pace, "PACE_SECONDS", 0.2)
    [peer] = busy(associated(connect, intake(), 1))
    for _ in range(12):  # 64 kB a second
        peer.send(data(3, bytes(6554), is_last=False))
        time.sleep(0.1)
    assert peer.send(data(3, b"")).status() == 0xC000, "there was no data set in these zeros"


def test_pace_judges_only_the_time_the_peer_was_waited_for(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    measured = pace.Pace()
    for _ in range(10):
        now[0] += 100  # our own work
        measured.wait()
        now[0] += 5
        assert measured.goes_on(6000)
    measured.wait()
    now[0] += 61
    assert measured.is_too_slow(10)
    assert not measured.goes_on(100)
