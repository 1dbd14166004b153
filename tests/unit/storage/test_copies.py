"""The files of two spools of one bucket: each has what the other got, byte for byte, and the first content counts."""

import json
import os
import time

import pytest
from spools import keep_outcome

from triage_node.errors import ObjectStorageError, StorageError
from triage_node.findings import Decision
from triage_node.storage import Bucket, Copies, LocalCopies, ResultContent, Spool

STUDY, IMAGE = "1.2.3", "1.2.3.4"


class Machine:
    """A spool on a disk of its own."""

    def __init__(self, folder, options) -> None:
        self.copies = Copies(folder, Bucket(options))
        self.spool = Spool(folder, copies=self.copies)

    @property
    def folder(self):
        return self.spool.layout.study(STUDY)

    def keep(self, content: bytes, image: str = IMAGE) -> None:
        incoming = self.spool.keep([content], STUDY, image)
        self.spool.file(incoming, STUDY, image)
        self.spool.forget(incoming)

    def store(self) -> None:
        self.copies.store_images(self.folder)
        self.copies.store_results(self.folder)


@pytest.fixture
def machines(tmp_path, options):
    pair = Machine(tmp_path / "a", options), Machine(tmp_path / "b", options)
    yield pair
    for one in pair:
        one.copies.close()


def test_another_machine_finds_the_instances_of_a_study(machines):
    here, there = machines
    for number in range(20):
        here.keep(f"image {number}".encode(), f"{IMAGE}.{number}")
    here.store()
    uids = [f"{IMAGE}.{number}" for number in range(20)]
    found = there.spool.instances(STUDY, uids)
    assert {path.name: path.read_bytes() for path in found} == {
        path.name: path.read_bytes() for path in here.spool.instances(STUDY, uids)
    }
    assert len(found) == 20
    assert there.spool.has(STUDY, uids[0])
    assert not there.spool.has(STUDY, "1.9")


def test_all_that_the_bucket_has_of_a_study_is_found_without_its_names(machines):
    here, there = machines
    here.keep(b"one")
    here.store()
    assert [path.read_bytes() for path in there.spool.instances(STUDY)] == [b"one"]


def test_a_study_that_is_whole_here_is_read_while_the_bucket_is_away(machines, object_storage):
    here, there = machines
    here.keep(b"one")
    here.store()
    object_storage.is_busy = True
    try:
        assert len(here.spool.instances(STUDY, [IMAGE])) == 1
        with pytest.raises(ObjectStorageError) as caught:
            there.spool.instances(STUDY, [IMAGE])
        assert there.spool.refuses_all(caught.value), "it is no fault of the study"
    finally:
        object_storage.is_busy = False


def test_nothing_is_stored_twice(machines, object_storage):
    here, _ = machines
    here.keep(b"one")
    here.store()
    object_storage.requests.clear()
    here.store()
    assert not [one for one in object_storage.requests if one[0] == "PUT"]
    here.copies.forget(here.folder)
    here.store()
    assert not [one for one in object_storage.requests if one[0] == "PUT"], "the bucket says that it has it"


def test_of_two_contents_of_one_instance_the_first_counts_everywhere_and_both_are_kept(machines, options):
    here, there = machines
    here.keep(b"first")
    here.store()
    there.keep(b"other")
    there.store()
    assert [path.read_bytes() for path in there.spool.instances(STUDY, [IMAGE])] == [b"first"]
    contents = {key.rpartition(".")[2]: size for key, size in Bucket(options).sizes("studies/").items()}
    assert set(contents) == {"dcm", "variant"}


def test_another_machine_finds_a_result_whole_or_not_at_all(machines, object_storage):
    here, there = machines
    name = keep_outcome(here.spool, STUDY, Decision.FLAGGED, 1.0).name
    result = here.spool.result(STUDY, name)
    result.keep(ResultContent(json.loads(result.outcome()), {1: b"one", 2: b"two"}, picture=b"picture"))
    assert there.spool.result(STUDY, name).report() is None
    here.store()
    found = there.spool.result(STUDY, name)
    assert found.reports() == [b"one", b"two"]
    assert found.picture() == b"picture"
    assert found.outcome() == result.outcome()
    keys = [path for method, path in object_storage.requests if method == "PUT" and name in path]
    assert keys[-1].endswith("outcome.json"), "what others look for comes last"


def test_a_report_that_was_made_elsewhere_before_is_not_replaced(machines):
    here, there = machines
    name = keep_outcome(here.spool, STUDY, Decision.FLAGGED, 1.0).name
    keep_outcome(there.spool, STUDY, Decision.FLAGGED, 1.0)
    (there.folder / "results" / name / "report-1.dcm").write_bytes(b"made at another time")
    here.store()
    there.store()
    assert there.spool.result(STUDY, name).report() == b"report"


def test_a_new_result_is_made_while_the_bucket_is_away_one_that_may_be_there_is_not(machines, object_storage):
    here, _ = machines
    object_storage.is_busy = True
    try:
        here.spool.result(STUDY, "abc", is_new=True).keep(ResultContent({"status": "analyzed"}, {1: b"report"}))
        with pytest.raises(ObjectStorageError):
            here.spool.result(STUDY, "def").has_report(1)
    finally:
        object_storage.is_busy = False
    assert here.spool.result(STUDY, "abc").report() == b"report"


def test_copies_are_deleted(machines, options):
    here, there = machines
    here.keep(b"one")
    here.store()
    here.copies.delete(here.copies.sizes(here.folder))
    assert not Bucket(options).sizes("")
    assert there.spool.instances(STUDY, [IMAGE]) == []


def test_local_copies_go_when_they_are_too_much_and_come_again(machines):
    here, _ = machines
    here.keep(bytes(1000))
    local = LocalCopies(here.spool.layout.studies, here.copies, keep_bytes=500, grace_seconds=60)
    here.store()
    assert local.make_room(set) == 0, "it was used a moment ago"
    os.utime(here.folder, (time.time() - 100,) * 2)
    assert local.make_room(lambda folders: set()) == 0, "something of the study waits to be stored"
    assert local.make_room(set) == 1000
    assert not list(here.folder.glob("*.dcm"))
    assert here.spool.has(STUDY, IMAGE)
    assert [path.read_bytes() for path in here.spool.instances(STUDY, [IMAGE])] == [bytes(1000)]


def test_a_local_file_that_the_bucket_has_not_stays_whatever_is_said_of_it(machines):
    here, _ = machines
    here.keep(bytes(1000))
    here.store()
    here.keep(bytes(1000), "1.5")
    os.utime(here.folder, (time.time() - 7200,) * 2)
    assert LocalCopies(here.spool.layout.studies, here.copies, 0).make_room(set) == 1000
    assert [path.name for path in here.folder.glob("*.dcm")] == [here.spool.layout.instance(STUDY, "1.5").name]


def test_room_is_made_for_a_disk_that_has_too_little_left(machines):
    here, _ = machines
    here.keep(bytes(1000))
    here.store()
    os.utime(here.folder, (time.time() - 7200,) * 2)
    local = LocalCopies(here.spool.layout.studies, here.copies, keep_bytes=10**9)
    assert local.make_room(set) == 0
    assert local.make_room(set, needed_bytes=1) == 1000


def test_the_name_of_a_spool_is_made_once(tmp_path):
    from triage_node.storage import spool_name

    name = spool_name(tmp_path / "spool")
    assert spool_name(tmp_path / "spool") == name
    assert spool_name(tmp_path / "other") != name
    (tmp_path / "spool" / "spool-name").write_text("no name\n")
    with pytest.raises(StorageError, match="does not hold the name"):
        spool_name(tmp_path / "spool")
