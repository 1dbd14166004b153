"""A listener without file descriptors, threads or a peer's good will: it neither ends nor spins, and says so."""

import os
import resource
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from intakes import Intake
from upper_layer import Peer

from triage_node.config import read_settings
from triage_node.dimse import Listener
from triage_node.errors import AddressUnavailable, StorageError

pytestmark = pytest.mark.slow

ACCEPTED, REJECTED = 2, 3
CONGESTED = bytes((0, 2, 3, 1))
# More address space than there is: no thread can have such a stack.
IMPOSSIBLE_STACK_BYTES = 1 << 47


@pytest.fixture
def intake(tmp_path):
    intake = Intake(read_settings(dicom_port=0, data_dir=tmp_path, disk_reserve_mb=1))
    yield intake
    intake.stop()


@pytest.fixture
def no_descriptors() -> Iterator[list[int]]:
    """Leave the process without a free file descriptor; return ten or more that can be closed."""
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    filled = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 11, hard))
    try:
        try:
            while True:
                filled.append(os.dup(0))
        except OSError:
            yield filled
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        for descriptor in filled:
            os.close(descriptor)


@pytest.fixture
def many_clients() -> Iterator[list[socket.socket]]:
    sockets = [socket.socket() for _ in range(60)]
    yield sockets
    for one in sockets:
        one.close()


@pytest.fixture
def clients() -> Iterator[list[socket.socket]]:
    sockets = [socket.socket() for _ in range(5)]
    yield sockets
    for one in sockets:
        one.close()


def test_without_a_free_descriptor_the_port_waits_and_comes_back(intake, clients, request, caplog, wait_for):
    request.getfixturevalue("no_descriptors")
    for client in clients:
        client.settimeout(10)
        client.connect(("127.0.0.1", intake.port))
    wait_for(lambda: not intake.listener.state().accepting, "the listener to rest")
    assert "Too many open files" in intake.listener.state().last_error
    before = os.times().user
    # It goes on trying, and each try fails: a loop would write thousands of lines and burn the processor meanwhile.
    clients[0].settimeout(1.5)
    with pytest.raises(TimeoutError):
        clients[0].recv(1)
    assert len([record for record in caplog.records if "listener_in_trouble" in record.message]) == 1
    assert os.times().user - before < 1
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit + 40, hard))
    clients[0].settimeout(10)
    assert Peer(clients[0]).associate() == ACCEPTED
    assert Peer(clients[0]).echo() == 0
    assert intake.listener.state().accepting
    assert intake.listener.state().last_error is None


def test_idle_connections_that_hold_all_descriptors_give_way_at_once(intake, many_clients, request):
    filled = request.getfixturevalue("no_descriptors")
    for _ in range(10):
        os.close(filled.pop())
    *idle, client = many_clients
    for one in idle:
        one.connect(("127.0.0.1", intake.port))
    client.settimeout(5)
    client.connect(("127.0.0.1", intake.port))
    assert Peer(client).associate() == ACCEPTED
    assert Peer(client).echo() == 0


def test_without_a_thread_a_sender_is_rejected_for_the_moment(intake, caplog):
    usual = threading.stack_size(IMPOSSIBLE_STACK_BYTES)
    try:
        for _ in range(5):
            with Peer.connect(intake.port) as peer:
                assert peer.send_request() == (REJECTED, CONGESTED)
    finally:
        threading.stack_size(usual)
    state = intake.listener.state()
    assert (state.accepting, state.associations, state.refused) == (True, 0, 5)
    assert "thread" in state.last_error
    assert len([record for record in caplog.records if "listener_in_trouble" in record.message]) == 1
    with Peer.connect(intake.port) as peer:
        assert peer.associate() == ACCEPTED
        assert peer.echo() == 0


def test_a_listener_says_how_it_is_doing(intake, wait_for):
    assert intake.listener.state().accepting
    with Peer.connect(intake.port) as peer:
        assert peer.associate() == ACCEPTED
        state = intake.listener.state()
        assert (state.associations, state.refused, state.last_error) == (1, 0, None)
    wait_for(lambda: intake.listener.state().associations == 0, "the association to end")
    intake.listener.stop()
    assert not intake.listener.state().accepting


def test_connections_that_are_reset_are_forgotten(intake, wait_for):
    before = threading.active_count()
    for _ in range(200):
        client = socket.create_connection(("127.0.0.1", intake.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
    with Peer.connect(intake.port) as peer:
        assert peer.associate() == ACCEPTED
    wait_for(lambda: threading.active_count() <= before, "no thread to be left")
    assert intake.listener.state().last_error is None


def test_a_port_in_use_is_not_told_as_trouble_with_the_disk(tmp_path, intake):
    settings = read_settings(dicom_port=intake.port, data_dir=tmp_path / "other", disk_reserve_mb=1)
    with pytest.raises(AddressUnavailable, match="Address already in use") as raised:
        Listener(settings, intake.ingest).start()
    assert not isinstance(raised.value, StorageError)
