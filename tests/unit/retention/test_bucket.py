"""Two machines with a database and a bucket: what is deleted is gone everywhere, and nothing that is not to go."""

import threading
from pathlib import Path

import pytest
from aged import DAY, Ward, by_age
from bucket_machines import shared_settings

from triage_node.errors import StorageError
from triage_node.retention.pace import Pace
from triage_node.retention.study_deletion import StudyDeletion
from triage_node.storage import Filing, Spool
from triage_node.storage.bucket import answering, client
from triage_node.uploading import Uploader, uploader
from triage_node.uploading.deleted_copies import DeletedCopies
from triage_node.worklist import Worklist

STUDY = "1.2"
IMAGES = 3


class Machine(Ward):
    """A machine: its worklist, spool, and what uploads from it."""

    def __init__(self, settings, clock) -> None:
        worklist = Worklist(settings, clock)
        worklist.prepare()
        super().__init__(worklist, Spool.of(settings), clock)
        self.uploader = Uploader.of(settings, self.spool, worklist)
        self.uploader.prepare()

    def upload(self, wait_for) -> None:
        """Upload all that this machine has alone."""
        if not self.uploader.is_alive:
            self.uploader.start()
        own = self.worklist.uploads.spool
        wait_for(lambda: all(one.spool != own for one in self.worklist.uploads.waiting()), "the upload")

    def fetch(self) -> int:
        """Fetch all that the bucket has of the study; return how many images are here then."""
        folder = self.spool.layout.study(STUDY)
        self.spool.results(folder)
        return len(self.spool.instances_in(folder))

    def images(self) -> int:
        """Return how many images are on this disk."""
        return len(list(self.spool.layout.study(STUDY).glob("*.dcm")))

    def stop(self) -> None:
        if self.uploader.is_alive:
            self.uploader.stop()
        self.spool.close()
        self.worklist.close()


@pytest.fixture
def machines(make_settings, clock, options, object_storage, tmp_path, monkeypatch):
    monkeypatch.setattr(uploader, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(uploader, "PAUSE_AFTER_ERROR_SECONDS", 0.02)
    monkeypatch.setattr(answering, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(answering, "LONGEST_PAUSE_SECONDS", 0.002)
    monkeypatch.setattr(client, "TRIES", 1)
    shared = shared_settings(tmp_path, options, object_storage.endpoint)
    made = [Machine(make_settings(data_dir=tmp_path / name, **shared), clock) for name in ("here", "there")]
    yield made
    object_storage.is_busy, object_storage.answers_left = False, None
    for one in made:
        one.stop()


@pytest.fixture
def here(machines, wait_for) -> Machine:
    """The machine that got and analyzed a study, which is old and in the bucket."""
    here, there = machines
    here.done(STUDY, IMAGES)
    here.upload(wait_for)
    assert there.fetch() == IMAGES
    here.clock.forward(100 * DAY)
    return here


@pytest.fixture
def there(machines) -> Machine:
    return machines[1]


@pytest.fixture
def names(object_storage, options):
    """Return the names of what the bucket has, without folders."""
    return lambda: sorted(Path(key).name for key in object_storage.contents(options.name))


def policy(*days: int):
    return by_age(*days, has_bucket=True)


def images_in(names) -> int:
    return sum(name.endswith(".dcm") and not name.startswith("report") for name in names())


def test_images_go_from_the_bucket_and_from_every_disk(here, there, names):
    tally = there.retention(policy(90)).run()
    assert (tally.files, tally.size_bytes) == (IMAGES, 3000)
    assert names() == ["deleted.json.gz", "outcome.json", "report-1.dcm", "slices.json"]
    assert (here.images(), there.images()) == (IMAGES, 0)
    assert DeletedCopies(here.spool, here.worklist).remove() == 1
    assert here.images() == 0
    assert DeletedCopies(here.spool, here.worklist).remove() == 0
    assert here.worklist.study_details.study(STUDY).images_deleted_at is not None
    [result] = here.spool.results(here.spool.layout.study(STUDY))
    assert result.is_complete


def test_what_is_on_one_machine_only_stays(machines, names, wait_for):
    here, there = machines
    here.done(STUDY, IMAGES)
    here.clock.forward(100 * DAY)
    assert there.retention(policy(90)).run().is_empty
    assert here.retention(policy(90)).run().is_empty
    here.upload(wait_for)
    assert images_in(names) == IMAGES
    assert there.retention(policy(90)).run().files == IMAGES
    assert images_in(names) == 0


def test_results_then_rows_go_likewise(here, there, names, object_storage, options):
    there.retention(policy(90, 95)).run()
    assert names() == ["deleted.json.gz", "outcome.json"]
    assert DeletedCopies(here.spool, here.worklist).remove() == 1
    [result] = here.spool.layout.results(STUDY).iterdir()
    assert [path.name for path in result.iterdir()] == ["outcome.json"]
    there.retention(policy(90, 95, 99)).run()
    assert object_storage.contents(options.name) == {}
    assert DeletedCopies(here.spool, here.worklist).remove() == 1
    assert not here.spool.layout.study(STUDY).exists()
    assert not there.spool.layout.study(STUDY).exists()


def test_what_a_machine_kept_while_it_was_off_goes_when_it_is_back(here, there):
    there.retention(policy(90, 95, 99)).run()
    incoming = here.spool.keep([b"new"], STUDY, "1.2.9.1")
    assert here.spool.file(incoming, STUDY, "1.2.9.1") is Filing.NEW
    DeletedCopies(here.spool, here.worklist).remove()
    assert [path.name for path in here.spool.layout.study(STUDY).rglob("*")] == [
        here.spool.layout.instance(STUDY, "1.2.9.1").name
    ], "only what comes in at this moment stays"


@pytest.mark.parametrize("last", [1, 2, 3])
def test_a_bucket_that_is_busy_at_any_moment_delays_it(here, there, names, object_storage, last):
    days = policy(*(90, 91, 92)[:last])
    failures = 0
    for answered in range(20):
        object_storage.answers_left = answered
        try:
            there.retention(days).run()
        except StorageError:
            failures += 1
            continue
        break
    object_storage.answers_left = None
    assert failures >= 2
    assert not there.worklist.deletions.unfinished()
    assert names() == [["deleted.json.gz", "outcome.json", "report-1.dcm", "slices.json"],
                       ["deleted.json.gz", "outcome.json"], []][last - 1]  # fmt: skip


def test_two_nodes_at_once_delete_once(here, there, names):
    criteria = policy(90).by_age(policy(90).ages[0], here.clock())
    assert here.worklist.deletions.begin(STUDY, criteria, "old") is not None
    assert there.worklist.deletions.begin(STUDY, criteria, "old") is None
    start, errors = threading.Barrier(2), []

    def run(machine) -> None:
        start.wait()
        try:
            machine.retention(policy(90, 91, 92)).run()
        except StorageError as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(machine,)) for machine in (here, there)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert names() == []
    assert not here.worklist.deleted_parts.is_known(STUDY)


def test_a_node_that_comes_late_deletes_nothing_that_came_again(here, there, names, wait_for):
    criteria = policy(90).by_age(policy(90).ages[0], here.clock())
    late = there.worklist.deletions.begin(STUDY, criteria, "old")
    here.retention(policy(90)).run()
    here.receive(STUDY, *range(IMAGES))
    here.upload(wait_for)
    assert images_in(names) == IMAGES
    assert StudyDeletion(there.worklist, there.spool, Pace()).finish(late) == 0
    assert images_in(names) == IMAGES


def test_what_comes_again_while_it_is_deleted_is_stored_after_the_end(here, there, names, object_storage, wait_for):
    object_storage.is_busy = True
    with pytest.raises(StorageError):
        there.retention(policy(90)).run()
    object_storage.is_busy = False
    [begun] = there.worklist.deletions.unfinished()
    assert here.images() == IMAGES, "its own copies are old, and the uploader remembers that it has stored them"
    here.receive(STUDY, *range(IMAGES))
    assert here.worklist.uploads.next(10) == []
    assert StudyDeletion(there.worklist, there.spool, Pace()).finish(begun) == IMAGES
    assert images_in(names) == 0
    here.upload(wait_for)
    assert images_in(names) == IMAGES
    assert there.fetch() == IMAGES


def test_a_new_image_brings_no_deleted_one_back(here, there, names, wait_for):
    there.retention(policy(90)).run()
    assert here.images() == IMAGES
    here.receive(STUDY, 7)
    here.upload(wait_for)
    assert images_in(names) == 1
    assert here.images() == 1
