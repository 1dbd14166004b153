"""Data sets go to the disk as they come: many large ones take little memory, a half one leaves nothing."""

import tracemalloc
from contextlib import suppress

import pytest
from ct import head_ct
from intakes import Intake
from pydicom import dcmread
from pydicom.uid import generate_uid
from upper_layer import CT, EXPLICIT, RELEASE, VERIFIED, Peer, associate_request, command, context, data, data_set_of

from triage_node.config import read_settings
from triage_node.dimse.command_set import Operation
from triage_node.storage import Disk, Watermarks

REQUEST = associate_request(VERIFIED + context(3, CT, EXPLICIT))
STORE = data(3, command(Operation.C_STORE, CT, b"1.2.3"), is_command=True)
MEBIBYTE = 1 << 20


@pytest.fixture
def intake(tmp_path):
    started = []

    def start(**options) -> Intake:
        started.append(Intake(read_settings(dicom_port=0, data_dir=tmp_path, **({"disk_reserve_mb": 1} | options))))
        return started[-1]

    yield start
    for intake in started:
        intake.stop()


def on_disk(intake) -> int:
    total = 0
    for path in intake.spool.layout.incoming.iterdir():
        with suppress(FileNotFoundError):  # the node has removed it since the folder was read
            total += path.stat().st_size
    return total


def test_many_half_sent_data_sets_are_held_on_the_disk(intake, wait_for):
    node = intake()
    peers = [Peer.connect(node.port) for _ in range(8)]
    fragment = data(3, bytes(100_000), is_last=False)
    tracemalloc.start()
    try:
        for peer in peers:
            peer.associate(REQUEST)
            peer.send(STORE, *[fragment] * 80)
        wait_for(lambda: on_disk(node) > 8 * 7 * MEBIBYTE, "what came to be on the disk")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 8 * 1_000_000
    for peer in peers:
        peer.connection.close()
    wait_for(lambda: on_disk(node) == 0, "what is left of them to be removed")


@pytest.mark.parametrize("fragment_bytes", [999, 16_376, 131_066])
def test_what_came_in_fragments_is_kept_bit_for_bit(intake, wait_for, fragment_bytes):
    node = intake()
    [ds] = head_ct(slices=1, size=(700, 700))
    ds.SOPInstanceUID = generate_uid()
    uid, encoded = data_set_of(ds)
    fragments = [encoded[at : at + fragment_bytes] for at in range(0, len(encoded), fragment_bytes)]
    with Peer.connect(node.port) as peer:
        peer.associate(REQUEST)
        peer.send(data(3, command(Operation.C_STORE, CT, uid), is_command=True))
        peer.send(*(data(3, one, is_last=False) for one in fragments), data(3, b""))
        assert peer.status() == 0
        peer.send(RELEASE)
    [path] = wait_for(lambda: node.spool.instances(str(ds.StudyInstanceUID)), "the instance to be filed")
    assert path.read_bytes().endswith(encoded)
    assert dcmread(path).PixelData == ds.PixelData


def test_a_disk_that_refuses_is_told_when_the_data_set_is_whole(intake):
    node = intake()
    with Peer.connect(node.port) as peer:
        peer.associate(REQUEST)
        node.spool._disk = Disk(node.spool.layout.root, Watermarks(reserve_mb=1_000_000_000))
        peer.send(STORE, *[data(3, bytes(100_000), is_last=False)] * 30, data(3, b""))
        assert peer.status() == 0xA700
        assert on_disk(node) == 0
        assert peer.echo() == 0


def test_a_longer_data_set_than_allowed_is_ended_and_leaves_nothing(intake, wait_for):
    node = intake(maximum_instance_mb=1)
    with Peer.connect(node.port) as peer:
        peer.associate(REQUEST)
        peer.send(STORE, *[data(3, bytes(100_000), is_last=False)] * 11)
        assert peer.read()[0] == 7
    wait_for(lambda: on_disk(node) == 0, "what came to be removed")
