"""Each change of the disk's level is one line in the log and one event, late when the disk does not take it."""

import logging

import pytest

from triage_node.errors import StorageError
from triage_node.maintenance import DiskWatch
from triage_node.storage import Disk, Spool, Watermarks


@pytest.fixture
def worklist(make_settings, make_worklist, clock):
    opened = make_worklist(make_settings(), clock)
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path) -> Spool:
    return Spool(tmp_path / "spool")


def mark(spool: Spool, **marks: int) -> None:
    spool._disk = Disk(spool.layout.root, Watermarks(**marks))


ENORMOUS = 1 << 40


def test_low_full_and_recovered_are_told_once_each(spool, worklist, caplog):
    caplog.set_level(logging.INFO, "triage_node.maintenance")
    watch = DiskWatch(spool, worklist.registration.reject)
    for marks in ({}, {"warn_mb": ENORMOUS}, {"reserve_mb": ENORMOUS}, {}):
        mark(spool, **marks)
        watch.check()
        watch.check()
    codes = ["disk_low", "disk_full", "disk_recovered"]
    assert [record.getMessage().split()[0] for record in caplog.records] == codes
    for code in codes:
        [event] = worklist.study_details.events(code)
        assert "iB are free" in event.message


def test_an_event_that_the_disk_did_not_take_is_left_later(spool):
    left, refuses = [], [True]

    def note(code: str, _message: str) -> None:
        if refuses:
            raise StorageError
        left.append(code)

    watch = DiskWatch(spool, note)
    mark(spool, reserve_mb=ENORMOUS)
    watch.check()
    refuses.clear()
    watch.check()
    assert left == ["disk_full"]
