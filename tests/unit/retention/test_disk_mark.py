"""When the disk is low the oldest images go, until a quarter more than the mark is free; and no more than that."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from aged import DAY, MODEL, SIZE, Ward, by_age

from triage_node.config import Settings
from triage_node.findings import Decision
from triage_node.outcome import Outcome, Status
from triage_node.retention import Pace, Retention, RetentionPolicy, TrustedClock, plan_of
from triage_node.storage import Level, Spool, Watermarks
from triage_node.storage.disk import Disk
from triage_node.worklist import Worklist

MEGABYTE = 1 << 20


class SmallDisk:
    """A disk of one megabyte and a bit, on which only what lies in a spool takes room; ``lost`` never becomes free."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.lost = 0

    def __call__(self, folder: Path) -> SimpleNamespace:
        used = sum(path.stat().st_size for path in folder.rglob("*.dcm") if "results" not in path.parts)
        return SimpleNamespace(total=self.total, free=self.total - used - self.lost)


@pytest.fixture
def low(worklist, clock, tmp_path, monkeypatch) -> Callable[[int], tuple[Ward, Spool]]:
    """Make a spool whose disk is low with less than 1 MB free; it has so many bytes beyond that."""

    def make(spare: int) -> tuple[Ward, Spool]:
        spool = Spool(tmp_path / "data/spool", Watermarks(warn_mb=1))
        disk = Disk(spool.layout.root, Watermarks(warn_mb=1), SmallDisk(MEGABYTE + spare))
        monkeypatch.setattr(spool, "_disk", disk)
        return Ward(worklist, spool, clock), spool

    return make


def room(days: int = 30) -> RetentionPolicy:
    return RetentionPolicy(room_days=days)


def test_the_oldest_go_first_until_a_quarter_more_is_free(low, clock):
    ward, spool = low(MEGABYTE // 4 + 15 * SIZE)
    uids = []
    for number in range(10):
        uids.append(ward.done(f"1.2.{number}"))
        clock.forward(DAY)
    clock.forward(60 * DAY)
    assert spool.space().level is Level.OK
    assert ward.retention(room()).run().is_empty
    _take(spool, MEGABYTE)
    assert spool.space().level is Level.LOW
    _take(spool, -MEGABYTE)
    assert spool.space().level is Level.LOW, "it is left at a quarter more only"
    ward.retention(room()).run()
    assert spool.space().level is Level.OK
    left = [uid for uid in uids if ward.files(uid)]
    assert left == uids[5:]
    assert ward.retention(room()).run().is_empty


def _take(spool: Spool, size_bytes: int) -> None:
    spool._disk._usage.lost += size_bytes


def test_none_goes_that_is_younger_than_allowed(low, clock):
    ward, spool = low(0)
    uid = ward.done("1.2.3")
    clock.forward(29 * DAY)
    _take(spool, 1)
    assert spool.space().level is Level.LOW
    assert ward.retention(room()).run().is_empty
    assert ward.retention(RetentionPolicy()).run().is_empty, "nor any where it is not allowed at all"
    clock.forward(2 * DAY)
    assert ward.retention(room()).run().studies["images"] == 1
    assert ward.files(uid) == set()


def test_no_more_goes_than_is_missing_where_room_shows_later(low, clock, monkeypatch):
    ward, spool = low(0)
    for number in range(10):
        ward.done(f"1.2.{number}")
    clock.forward(60 * DAY)
    free = int(1.25 * MEGABYTE) - 2 * 3 * SIZE
    monkeypatch.setattr(spool._disk, "_usage", lambda _: SimpleNamespace(total=2 * MEGABYTE, free=free))
    spool._disk._level = Level.LOW
    assert ward.retention(room()).run().studies["images"] == 2


def test_a_failed_study_keeps_its_images_when_the_disk_is_low(low, clock, worklist):
    ward, spool = low(0)
    ward.receive("1.2.3", 1)
    ward.close()
    for _ in range(3):
        if worklist.claims.claim("w") is not None:
            worklist.claims.release_worker("w")
    claim = worklist.claims.claim("w")
    assert claim is None or claim.exhausted
    if claim is not None:
        assert worklist.claims.finish(claim, Outcome(Status.FAILED, MODEL), [])
    assert worklist.study_details.study("1.2.3").state == "failed"
    clock.forward(60 * DAY)
    _take(spool, 1)
    assert ward.retention(room()).run().is_empty
    assert ward.retention(by_age(30)).run().studies["images"] == 1


def test_the_plan_says_what_would_go_and_deletes_nothing(low, clock):
    ward, spool = low(0)
    for number in range(4):
        ward.done(f"1.2.{number}", decision=Decision.NOT_FLAGGED)
        clock.forward(DAY)
    ward.worklist.reader_actions.give_verdict("1.2.1", True, [], "person x")
    clock.forward(29 * DAY)
    policy = RetentionPolicy.of(Settings(keep_images_days=32))
    plan = plan_of(ward.worklist, policy, spool.space(), clock(), limit=1)
    assert (plan.stored.studies, plan.stored.size_bytes) == (4, 4 * 3 * SIZE)
    [step] = plan.by_age
    assert (step.portion.studies, step.portion.size_bytes, step.kept) == (1, 3 * SIZE, 1)
    assert (plan.for_room.portion.studies, plan.for_room.kept) == (3, 1)
    assert [one.study_instance_uid for one in plan.for_room.first] == ["1.2.0"]
    assert len(ward.files("1.2.0")) == 3


def test_a_clock_that_was_set_makes_nothing_old(ward, clock, worklist: Worklist):
    ward.done("1.2.3")
    steady = [0.0]
    job = Retention(worklist, ward.spool, by_age(30), Pace(), TrustedClock(clock, lambda: steady[0]))
    assert job.run().is_empty
    steady[0] += 3599
    clock.forward(3599)
    clock.forward(365 * DAY)
    assert job.run().is_empty, "it was set by a year"
    clock.forward(-365 * DAY)
    assert job.run().is_empty, "and back"
    for _ in range(2):
        steady[0] += 3600
        clock.forward(3600)
        assert job.run().is_empty
    assert len(ward.files("1.2.3")) == 3
    clock.forward(365 * DAY)
    assert job.run().is_empty
    steady[0] += 3601
    clock.forward(3601)
    assert job.run().studies["images"] == 1, "it has gone on evenly for an hour: it is believed"


def test_an_ended_job_begins_nothing_more(ward, clock):
    ward.done("1.2.3")
    clock.forward(91 * DAY)
    job = ward.retention(by_age(90))
    job.end()
    assert job.run().is_empty


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"keep_results_days": 30}, "keep_results_days = 30 wants keep_images_days"),
        ({"keep_images_days": 60, "keep_results_days": 30}, "keep_results_days = 30 wants keep_images_days"),
        ({"keep_images_days": 60, "keep_rows_days": 90}, "keep_rows_days = 90 wants keep_results_days"),
    ],
)
def test_what_goes_later_may_not_be_kept_for_shorter(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        Settings(**options)
