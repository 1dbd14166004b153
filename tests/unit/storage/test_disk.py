"""How full a disk is, and when it is so no more."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from triage_node.errors import StorageError, StorageFull
from triage_node.storage import Disk, Level, Watermarks

MEGABYTE = 1 << 20


@dataclass
class Usage:
    """A disk that is as full as the test says."""

    total: int = 1000 * MEGABYTE
    free: int = 1000 * MEGABYTE

    def __call__(self, _folder: Path) -> "Usage":
        return self


@pytest.mark.parametrize(
    ("marks", "reserve_mb", "warn_mb"),
    [
        (Watermarks(), 0, 0),
        (Watermarks(reserve_mb=10), 10, 20),
        (Watermarks(reserve_mb=10, reserve_percent=5), 50, 100),
        (Watermarks(reserve_mb=100, reserve_percent=5, warn_mb=150), 100, 200),
        (Watermarks(reserve_mb=10, warn_mb=150, warn_percent=5), 10, 150),
        (Watermarks(reserve_mb=10, warn_mb=15, warn_percent=30), 10, 300),
    ],
)
def test_of_megabytes_and_percent_whichever_is_more_counts(marks, reserve_mb, warn_mb):
    space = Disk(Path(), marks, Usage()).space()
    assert (space.reserve / MEGABYTE, space.warn / MEGABYTE) == (reserve_mb, warn_mb)


def test_a_level_that_was_reached_is_left_when_a_quarter_more_is_free():
    usage = Usage()
    disk = Disk(Path(), Watermarks(reserve_mb=100, warn_mb=400), usage)
    seen = []
    for free_mb in (400, 399, 450, 499, 500, 399, 100, 99, 124, 125, 99, 500):
        usage.free = free_mb * MEGABYTE
        seen.append(disk.space().level)
    ok, low, full = Level.OK, Level.LOW, Level.FULL
    assert seen == [ok, low, low, low, ok, low, low, full, full, low, full, ok]


def test_what_was_refused_stays_so_until_there_is_room_again():
    usage = Usage(free=105 * MEGABYTE)
    disk = Disk(Path(), Watermarks(reserve_mb=100), usage)
    disk.check(5 * MEGABYTE)
    with pytest.raises(StorageFull):
        disk.check(6 * MEGABYTE)
    with pytest.raises(StorageFull):
        disk.check(1)
    assert disk.space().level is Level.FULL
    usage.free = 125 * MEGABYTE
    disk.check(1)


def test_an_instance_that_is_larger_than_what_is_free_is_refused_alone():
    disk = Disk(Path(), Watermarks(reserve_mb=100), Usage())
    with pytest.raises(StorageFull):
        disk.check(901 * MEGABYTE)
    disk.check(1)
    assert disk.space().level is Level.OK


def test_a_disk_that_cannot_be_looked_at_is_said_in_words(tmp_path):
    with pytest.raises(StorageError, match="Could not look at the disk: No such file"):
        Disk(tmp_path / "gone", Watermarks()).space()


def test_with_plenty_it_is_not_looked_at_for_each_instance_and_seen_in_time_when_it_fills(wait_for):
    usage = Usage(free=8000 * MEGABYTE)
    looks = []
    disk = Disk(Path(), Watermarks(reserve_mb=100), lambda folder: looks.append(folder) or usage(folder))
    for _ in range(1000):
        disk.check(MEGABYTE)
    assert len(looks) < 1000
    usage.free = 50 * MEGABYTE

    def refuses() -> bool:
        try:
            disk.check(MEGABYTE)
        except StorageFull:
            return True
        return False

    wait_for(refuses, "the full disk to be seen")
    usage.free = 1000 * MEGABYTE
    disk.check(MEGABYTE)


def test_a_large_instance_has_the_disk_looked_at_whatever_was_seen_before():
    usage = Usage(free=8000 * MEGABYTE)
    disk = Disk(Path(), Watermarks(reserve_mb=100), usage)
    disk.check(MEGABYTE)
    usage.free = 1500 * MEGABYTE
    with pytest.raises(StorageFull):
        disk.check(1450 * MEGABYTE)
