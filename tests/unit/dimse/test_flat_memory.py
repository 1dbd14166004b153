"""What comes and goes leaves nothing: connects, rejections, aborts and releases by the thousand."""

import gc
import os
import socket
import threading

import psutil
import pytest
from intakes import Intake
from upper_layer import CT, EXPLICIT, RELEASE, VERIFIED, Peer, associate_request, command, context, data

from triage_node.config import read_settings
from triage_node.dimse.command_set import Operation
from triage_node.dimse.pdu import HEADER, PDUType, abort_pdu

pytestmark = pytest.mark.slow

MEBIBYTE = 1 << 20
WARM_UP, TIMES, ABORTED = 500, 10_000, 1_000
REQUEST = associate_request(VERIFIED + context(3, CT, EXPLICIT))
NOT_ALLOWED = associate_request(calling=b"STRANGER")
STORE = data(3, command(Operation.C_STORE, CT, b"1.2.3"), is_command=True)


@pytest.fixture
def intake(tmp_path):
    # As many as a well-behaved sender would never need: the test makes one association after the other.
    options = {"maximum_associations": 64, "maximum_associations_per_address": 64, "connect_timeout_seconds": 1}
    intake = Intake(
        read_settings(
            dicom_port=0,
            data_dir=tmp_path,
            disk_reserve_mb=1,
            allowed_calling_ae_titles=["TESTER"],
            maximum_connections_per_minute_per_address=1_000_000,
            **options,
        )
    )
    yield intake
    intake.stop()


def connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=10).close()


def be_rejected(port: int) -> None:
    with Peer.connect(port) as peer:
        assert peer.send(NOT_ALLOWED).read()[0] == PDUType.ASSOCIATE_RJ


def send_what_is_none(port: int) -> None:
    with Peer.connect(port) as peer:
        assert peer.send(b"GET / HTTP/1.1\r\n\r\n").read()[0] == PDUType.ABORT


def abort_in_a_message(port: int) -> None:
    with Peer.connect(port) as peer:
        assert peer.associate(REQUEST) == PDUType.ASSOCIATE_AC
        peer.send(STORE, data(3, bytes(2000), is_last=False), abort_pdu(0))


def vanish_in_a_pdu(port: int) -> None:
    with Peer.connect(port) as peer:
        assert peer.associate(REQUEST) == PDUType.ASSOCIATE_AC
        peer.send(STORE, HEADER.pack(PDUType.DATA_TF, 100_000), bytes(2000))


def release(port: int) -> None:
    with Peer.connect(port) as peer:
        assert peer.associate(REQUEST) == PDUType.ASSOCIATE_AC
        assert peer.send(RELEASE).read()[0] == PDUType.RELEASE_RP


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("visit", "times"),
    [
        (connect, TIMES),
        (be_rejected, TIMES),
        (send_what_is_none, ABORTED),
        (abort_in_a_message, ABORTED),
        (vanish_in_a_pdu, ABORTED),
        (release, ABORTED),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_what_comes_and_goes_leaves_nothing(intake, visit, times, wait_for):
    process = psutil.Process(os.getpid())

    def at_rest() -> tuple[int, int, int]:
        wait_for(lambda: intake.listener.state().associations == 0, "all associations to end")
        wait_for(lambda: threading.active_count() <= threads, "their threads to end")
        wait_for(lambda: process.num_fds() <= descriptors, "their sockets to be closed")
        gc.collect()
        return process.memory_info().rss, threading.active_count(), process.num_fds()

    threads, descriptors = threading.active_count(), process.num_fds()
    for _ in range(WARM_UP):
        visit(intake.port)
    before, _, _ = at_rest()
    for _ in range(times):
        visit(intake.port)
    after, _, _ = at_rest()
    print(f"{times} times {visit.__name__}: {(after - before) / MEBIBYTE:+.1f} MB")
    assert after - before < 5 * MEBIBYTE
    assert not list(intake.spool.layout.incoming.iterdir()), "nothing is left on the disk"
    with Peer.connect(intake.port) as peer:
        assert peer.associate(REQUEST) == PDUType.ASSOCIATE_AC
        assert peer.echo() == 0
