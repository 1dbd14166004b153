"""The thread that uploads, with a real S3 server that fails now and then."""

import os
import time

import pytest

from triage_node.storage import Spool
from triage_node.storage.bucket import answering
from triage_node.uploading import Uploader, uploader
from triage_node.worklist import ReceivedInstance, Worklist

STUDY = "1.2"
CT = "1.2.840.10008.5.1.4.1.1.2"


class Machine:
    """A worklist, a spool and what uploads from it."""

    def __init__(self, settings, clock) -> None:
        self.settings, self.clock = settings, clock
        self.worklist = Worklist(settings, clock)
        self.worklist.prepare()
        self.open()

    def open(self) -> None:
        self.spool = Spool.of(self.settings)
        self.uploader = Uploader.of(self.settings, self.spool, self.worklist)
        self.uploader.prepare()

    def keep(self, *images: str) -> None:
        for image in images:
            incoming = self.spool.keep([image.encode()], STUDY, image)
            self.spool.file(incoming, STUDY, image)
            received = ReceivedInstance(STUDY, "1.2.1", image, CT, "1.2.840.10008.1.2.1", 10, self.clock(), True)
            self.worklist.registration.register([received])
            self.spool.forget(incoming)

    def is_uploaded(self) -> bool:
        return not self.worklist.uploads.waiting()


@pytest.fixture
def machine(make_settings, clock, options, object_storage, monkeypatch):
    monkeypatch.setattr(uploader, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(uploader, "PAUSE_AFTER_ERROR_SECONDS", 0.02)
    monkeypatch.setattr(answering, "FIRST_PAUSE_SECONDS", 0.02)
    settings = make_settings(
        storage_url=f"s3://{options.name}/site",
        storage_endpoint=object_storage.endpoint,
        storage_timeout_seconds=2,
        disk_warn_mb=0,
        disk_warn_percent=0,
    )
    machine = Machine(settings, clock)
    yield machine
    object_storage.is_busy = False
    if machine.uploader.is_alive:
        machine.uploader.stop()
    machine.worklist.close()


def contents_of(object_storage, options) -> set[bytes]:
    return set(object_storage.contents(options.name).values())


def test_what_is_noted_is_uploaded_and_forgotten(machine, object_storage, options, wait_for):
    machine.keep("1.2.1.1", "1.2.1.2")
    machine.uploader.start()
    wait_for(machine.is_uploaded, "the upload")
    assert contents_of(object_storage, options) == {b"1.2.1.1", b"1.2.1.2"}
    object_storage.requests.clear()
    machine.keep("1.2.1.3")
    wait_for(machine.is_uploaded, "the upload")
    assert [method for method, _ in object_storage.requests] == ["PUT"], "what was stored is not looked at again"
    assert b"1.2.1.3" in contents_of(object_storage, options)


def test_a_storage_that_is_busy_for_a_while_loses_nothing(machine, object_storage, options, wait_for):
    object_storage.is_busy = True
    machine.keep("1.2.1.1")
    machine.uploader.start()
    wait_for(lambda: machine.uploader.state().bucket.answers is False, "the refusal")
    state = machine.uploader.state()
    assert (state.waiting, "503" in state.bucket.message) == (1, True)
    machine.keep("1.2.1.2")
    object_storage.is_busy = False
    wait_for(machine.is_uploaded, "the upload")
    assert contents_of(object_storage, options) == {b"1.2.1.1", b"1.2.1.2"}
    assert machine.uploader.state().bucket.answers


def test_a_study_that_cannot_be_read_holds_up_no_other(machine, monkeypatch, object_storage, options, wait_for):
    machine.keep("1.2.1.1")
    monkeypatch.setattr(machine.spool.copies, "store_images", refuse_once(machine.spool.copies.store_images))
    monkeypatch.setattr(uploader, "POSTPONED_SECONDS", 0.2)
    machine.uploader.start()
    wait_for(lambda: machine.uploader.state().failing, "the failure")
    wait_for(machine.is_uploaded, "the upload")
    assert contents_of(object_storage, options) == {b"1.2.1.1"}
    wait_for(lambda: not machine.uploader.state().failing, "the end of the failure")


def refuse_once(store):
    """Fail as a disk does that has a bad sector, the first time."""
    refused = []

    def stored(folder):
        if not refused:
            refused.append(folder)
            raise OSError(5, "Input/output error")
        store(folder)

    return stored


def test_what_was_there_before_the_bucket_is_uploaded_once(machine, object_storage, options, wait_for):
    for image in ("1.2.1.1", "1.2.1.2"):
        machine.keep(image)
    for upload in machine.worklist.uploads.next(10):
        machine.worklist.uploads.finish(upload)
    (machine.spool.layout.root / uploader.BEGUN).unlink()
    machine.open()
    assert not machine.is_uploaded()
    machine.uploader.start()
    wait_for(machine.is_uploaded, "the upload")
    assert contents_of(object_storage, options) == {b"1.2.1.1", b"1.2.1.2"}
    machine.uploader.stop()
    machine.open()
    assert machine.is_uploaded()


def test_of_two_processes_with_one_spool_one_uploads(machine, wait_for):
    machine.uploader.start()
    first = machine.uploader
    wait_for(lambda: (machine.spool.layout.root / uploader.LOCK).exists(), "the lock")
    machine.open()
    machine.uploader.start()
    machine.keep("1.2.1.1")
    wait_for(machine.is_uploaded, "the upload")
    first.stop()
    machine.keep("1.2.1.2")
    wait_for(machine.is_uploaded, "the upload")


def test_local_copies_go_when_they_are_too_much(machine, monkeypatch, wait_for):
    monkeypatch.setattr(uploader, "ROOM_SECONDS", 0.02)
    machine.settings = machine.settings.model_copy(update={"storage_cache_gb": 0.0})
    machine.open()
    machine.keep("1.2.1.1")
    machine.uploader.start()
    wait_for(machine.is_uploaded, "the upload")
    folder = machine.spool.layout.study(STUDY)
    os.utime(folder, (time.time() - 7200,) * 2)
    wait_for(lambda: not list(folder.glob("*.dcm")), "the removal")
    assert [path.read_bytes() for path in machine.spool.instances(STUDY, ["1.2.1.1"])] == [b"1.2.1.1"]
