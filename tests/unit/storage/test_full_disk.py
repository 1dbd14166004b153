"""A disk that is really full, at any moment: nothing is left half-written, and it goes on when there is room."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from intakes import Intake
from small_disk import SmallDisk
from upper_layer import CT, EXPLICIT, VERIFIED, Peer, associate_request, context

from triage_node.complete_file import PARTIAL
from triage_node.config import read_settings
from triage_node.errors import StorageError, StorageFull
from triage_node.storage import ResultContent, Spool
from triage_node.storage.result import OUTCOME
from triage_node.worklist import ReceivedInstance, Worklist

REJECTED_FOR_CONGESTION = bytes((0, 2, 3, 1))
ACCEPTED = 2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        disk = SmallDisk(tmp_path / "disk", 4_000)
    except PermissionError as error:
        pytest.skip(str(error))
    yield disk
    disk.unmount()


def half_written(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.endswith(PARTIAL)]


def test_an_instance_is_whole_or_not_there(disk):
    spool, kept = Spool(disk.folder / "spool"), []
    disk.fill(leave_bytes=200_000)
    with pytest.raises(StorageFull):
        for number in range(100):
            kept.append(spool.keep([b"x" * 20_000], "1.2", f"1.2.{number}"))
    assert kept
    assert sorted(spool.layout.incoming.iterdir()) == sorted(kept)
    assert all(path.stat().st_size == 20_000 for path in kept)


def test_an_instance_that_comes_in_pieces_is_whole_or_not_there(disk):
    spool = Spool(disk.folder / "spool")
    disk.fill(leave_bytes=200_000)
    draft = spool.draft()
    with pytest.raises(StorageFull):
        for _ in range(100):
            draft.write([b"x" * 20_000])
    draft.discard()
    assert list(spool.layout.incoming.iterdir()) == []


def test_a_result_without_room_has_no_outcome_and_is_stored_later(disk):
    spool = Spool(disk.folder / "spool")
    disk.fill(leave_bytes=100_000)
    content = ResultContent({"status": "analyzed"}, {1: bytes(30_000), 2: bytes(30_000)}, picture=bytes(900_000))
    result = spool.result("1.2", "abc")
    with pytest.raises(StorageFull):
        result.keep(content)
    assert not (result.folder / OUTCOME).exists()
    assert not half_written(disk.folder)
    disk.free()
    result.keep(content)
    assert result.picture() == content.picture
    assert [path.name for path in result.folder.parent.glob(f"*/{OUTCOME}")] == [OUTCOME]


def received(number: int) -> ReceivedInstance:
    uid = f"1.2.{number}"
    return ReceivedInstance(uid, f"{uid}.1", f"{uid}.1.1", "1.2", "1.2.840.10008.1.2.1", 9, time.time(), True)


def test_a_transaction_of_sqlite_is_whole_or_not_there(disk):
    worklist = Worklist(read_settings(data_dir=disk.folder))
    worklist.prepare()
    disk.fill()
    written = 0
    with pytest.raises(StorageError, match="full"):
        for number in range(0, 20_000, 50):
            worklist.registration.register([received(number + one) for one in range(50)])
            written += 50
    assert sum(worklist.study_details.studies_by_state().values()) == written
    disk.free()
    assert worklist.registration.register([received(number + one) for one in range(50)]).new == 50
    assert sum(worklist.study_details.studies_by_state().values()) == written + 50
    worklist.database.look_for_damage(10)
    worklist.close()


def test_a_node_refuses_below_its_reserve_and_takes_again_by_itself(disk):
    node = Intake(read_settings(dicom_port=0, data_dir=disk.folder, disk_reserve_mb=1))
    request = associate_request(VERIFIED + context(3, CT, EXPLICIT))
    try:
        for leave_bytes in (900_000, 0, 1_100_000):
            disk.free()
            disk.fill(leave_bytes)
            with Peer.connect(node.port) as peer:
                assert peer.send(request).read()[1] == REJECTED_FOR_CONGESTION, f"{leave_bytes} bytes are free"
            with Peer.connect(node.port) as peer:
                assert peer.associate() == ACCEPTED, "it only tries the connection"
                assert peer.echo() == 0
        disk.free()
        with Peer.connect(node.port) as peer:
            assert peer.associate(request) == ACCEPTED
    finally:
        disk.free()
        node.stop()
