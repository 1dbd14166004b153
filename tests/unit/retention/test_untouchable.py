"""Whatever happened, and wherever a run is cut off: what is open, held or owed loses nothing, and nothing lies."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from aged import DAY, DESTINATION, Ward, by_age
from sqlalchemy import select
from sqlalchemy.orm import Session

from triage_node.config import Settings
from triage_node.database import DeliveryRow, InstanceRow, StudyRow, VerdictRow
from triage_node.errors import StudyNotFound
from triage_node.findings import Decision
from triage_node.storage import Level, Spool, StudyFolder, hashed
from triage_node.storage.durable_write import write_durably
from triage_node.worklist import Study, Worklist

DAYS = 30
MEMORY = Path("/dev/shm")
DECISIONS = (*Decision, None)
# What histories have to come to, to prove anything; and how many further ones may be needed for it.
PROVING = {"images", "results", "killed"}
FURTHER = 20


class Killed(BaseException):
    """The process ends here."""


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class History:
    """Studies live as they do in a node; retention comes at any moment, and may be killed at any step."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.rng = rng
        self.clock = Clock()
        timers = {"series_quiet_seconds": 20, "study_quiet_seconds": 60, "study_maximum_seconds": 900}
        self.worklist = Worklist(Settings(data_dir=folder, analysis_attempts=2, **timers), self.clock)
        self.ward = Ward(self.worklist, Spool(folder / "spool"), self.clock)
        self.count = 0
        self.answers: dict[str, str | None] = {}
        self.seen: Counter[str] = Counter()
        self.steps = {
            self.a_study_is_done: 4, self.a_study_comes: 1, self.an_image_comes_new_or_again: 2, self.time_goes_on: 3,
            self.the_timers_run_out: 1, self.a_study_is_analyzed: 1, self.a_study_is_claimed_only: 0.5,
            self.a_worker_dies: 0.5, self.what_waits_is_delivered: 1, self.a_delivery_is_given_up: 0.3,
            self.a_reader_judges: 0.5, self.a_study_is_held: 0.3, self.the_node_commits_itself: 0.3,
            self.a_study_is_wanted_again: 0.5, self.retention_runs: 3, self.retention_is_killed: 3,
        }  # fmt: skip

    def go_on(self, steps: int) -> None:
        """Let something happen, so many times."""
        for step in self.rng.choices(list(self.steps), list(self.steps.values()), k=steps):
            step()
            self.check()

    def any(self) -> str:
        """Return one of the studies, or one that never was."""
        return f"1.2.{self.rng.randrange(self.count + 1)}"

    def a_study_comes(self) -> None:
        self.ward.receive(f"1.2.{self.count}", *range(self.rng.randint(1, 4)), eligible=self.rng.random() < 0.8)
        self.count += 1

    def a_study_is_done(self) -> None:
        uid = f"1.2.{self.count}"
        self.a_study_comes()
        self.ward.close()
        while self.analyze(is_sent=True) not in (uid, None):
            continue
        if self.rng.random() < 0.8:
            self.ward.deliver()

    def an_image_comes_new_or_again(self) -> None:
        self.ward.receive(self.any(), self.rng.randrange(6))
        self.count += f"1.2.{self.count}" in self.uids()

    def uids(self) -> set[str]:
        with self.worklist.database.read() as session:
            return set(session.scalars(select(StudyRow.study_instance_uid)))

    def time_goes_on(self) -> None:
        self.clock.forward(self.rng.choice([0.01, 5, 31, 45]) * DAY)

    def the_timers_run_out(self) -> None:
        self.ward.close()

    def a_study_is_analyzed(self) -> None:
        self.analyze(self.rng.random() < 0.5)

    def analyze(self, is_sent: bool) -> str | None:
        with self.worklist.database.read() as session:
            if session.scalar(select(StudyRow.id).where(StudyRow.state == "ready").limit(1)) is None:
                return None
        uid = self.ward.analyze(self.rng.choice(DECISIONS), (DESTINATION,) if is_sent else ())
        self.answers[uid] = self.worklist.study_details.study(uid).decision
        return uid

    def a_study_is_claimed_only(self) -> None:
        self.worklist.claims.claim("another")

    def a_worker_dies(self) -> None:
        self.worklist.claims.release_worker("another")

    def what_waits_is_delivered(self) -> None:
        self.ward.deliver()

    def a_delivery_is_given_up(self) -> None:
        delivery = self.worklist.outbox.claim_next(DESTINATION)
        if delivery is not None:
            self.worklist.outbox.mark_dead(delivery, "refused")

    def a_study_is_wanted_again(self) -> None:
        study = self.study(self.any())
        if study is not None and study.has_images and study.state not in ("ready", "analyzing"):
            self.worklist.reader_actions.requeue(study.study_instance_uid, "person x")

    def a_reader_judges(self) -> None:
        study = self.study(self.any())
        if study is not None and study.latest_outcome is not None and study.latest_outcome.decision:
            self.worklist.reader_actions.give_verdict(study.study_instance_uid, True, [], "person x")

    def a_study_is_held(self) -> None:
        with self.worklist.database.write() as session:
            study = session.scalar(select(StudyRow).where(StudyRow.study_instance_uid == self.any()))
            if study is not None:
                study.held = True

    def the_node_commits_itself(self) -> None:
        transactions = self.worklist.commitment_transactions
        number = transactions.open(f"9.{self.clock()}.{self.rng.random()}", "STORER", [("1.2", f"{self.any()}.1.0")])
        transactions.decided(number, {}, 0x0112)

    def retention_runs(self) -> None:
        parts = self.rng.choice([(DAYS, 0, 0), (DAYS, DAYS, 0), (DAYS, DAYS, DAYS), (0, 0, 0)])
        self.run_retention(parts, self.rng.random() < 0.5, None)

    def retention_is_killed(self) -> None:
        self.run_retention((DAYS, DAYS, DAYS), self.rng.random() < 0.5, self.rng.randint(1, 16))

    def run_retention(self, part: tuple[int, int, int], is_full: bool, kill_at: int | None) -> None:
        before = self.untouchable()
        policy = by_age(*part, room_days=DAYS if is_full else None)
        with pytest.MonkeyPatch.context() as patch:
            if is_full:
                low = SimpleNamespace(level=Level.LOW, free=0, warn=1 << 40, reserve=0)
                patch.setattr(self.ward.spool, "space", lambda: low)
            if kill_at is not None:
                kill_at_step(patch, self.worklist, kill_at)
            try:
                self.seen.update(self.ward.retention(policy).run().studies)
            except Killed:
                self.seen["killed"] += 1
        after = self.untouchable()
        assert {uid: after.get(uid) for uid in before} == before

    def untouchable(self) -> dict[str, tuple[set[str], set[Path]]]:
        """Return the files of each study that must not lose any, judged by its rows one by one.

        What was said to be deleted before the study was taken up again is gone.
        """
        found = {}
        with self.worklist.database.read() as session:
            for study in session.scalars(select(StudyRow)):
                if self.must_stay(session, study):
                    folder = self.ward.spool.layout.study(study.study_instance_uid)
                    results = set((folder / "results").glob("*/*")) if study.results_deleted_at is None else set()
                    here = session.query(InstanceRow).filter_by(study_id=study.id, result_file="", deleted_at=None)
                    names = {f"{hashed(one.sop_instance_uid)}.dcm" for one in here}
                    found[study.study_instance_uid] = (self.ward.files(study.study_instance_uid) & names, results)
        return found

    def must_stay(self, session: Session, study: StudyRow) -> bool:
        of_study = {"study_id": study.id}
        owed = [one.state not in ("delivered", "canceled") for one in session.query(DeliveryRow).filter_by(**of_study)]
        is_open = study.state in ("receiving", "ready", "analyzing") or study.closed_at is None
        is_judged = session.query(VerdictRow).filter_by(**of_study).count() > 0
        is_young = self.clock() - study.last_received_at <= DAYS * DAY
        return is_open or study.held or any(owed) or is_judged or is_young or study.committed_at is not None

    def study(self, uid: str) -> Study | None:
        """Return a study; None when its rows are deleted."""
        try:
            return self.worklist.study_details.study(uid)
        except StudyNotFound:
            return None

    def check(self) -> None:
        """What is shown as here is here, what is gone is said to be gone, and no answer has changed."""
        self.check_instances()
        # One whose rows are gone is another study when it comes again.
        self.answers = {uid: answer for uid, answer in self.answers.items() if self.study(uid) is not None}
        for uid, decision in self.answers.items():
            assert self.worklist.study_details.study(uid).decision == decision

    def check_instances(self) -> None:
        with self.worklist.database.read() as session:
            query = select(StudyRow, InstanceRow).join(InstanceRow, InstanceRow.study_id == StudyRow.id)
            rows = session.execute(query.where(InstanceRow.result_file == "")).all()
            here = {study.id for study, instance in rows if instance.deleted_at is None}
            gone = {study.id for study, instance in rows if instance.deleted_at is not None}
            for study, instance in rows:
                path = self.ward.path(study.study_instance_uid, instance.sop_instance_uid)
                assert instance.deleted_at is not None or path.is_file()
                assert not study.deletion or study.deletion in ("images", "results", "rows")
                assert instance.deleted_at is None or study.deletion or not path.exists()
                assert study.has_images == (study.id in here)
                assert (study.images_deleted_at is not None) == (study.id in gone)


def kill_at_step(patch: pytest.MonkeyPatch, worklist: Worklist, at: int) -> None:
    """End the process at one of the steps of a deletion, before or after it."""
    left = [at]

    def killing(step):
        def wrapped(*arguments: object, **more: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            result = step(*arguments, **more)
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return result

        return wrapped

    patch.setattr("triage_node.storage.study_folder.write_durably", killing(write_durably))
    patch.setattr(Path, "unlink", killing(Path.unlink))
    patch.setattr(Path, "rmdir", killing(Path.rmdir))
    patch.setattr(worklist.deletions, "end", killing(worklist.deletions.end))


def run_histories(template: Path, seed: int, histories: int, steps: int) -> None:
    """Go through so many histories, and through further ones as long as none came to what they are to prove."""
    rng, seen = random.Random(seed), Counter()
    for number in range(histories + FURTHER):
        if number >= histories and set(seen) >= PROVING:
            break
        with tempfile.TemporaryDirectory(prefix="history-", dir=MEMORY if MEMORY.is_dir() else None) as name:
            shutil.copy(template, Path(name) / "worklist.sqlite")
            history = History(Path(name), rng)
            try:
                history.go_on(steps)
            finally:
                history.worklist.close()
            seen += history.seen
    print(dict(seen))
    assert set(seen) >= PROVING, "they never came so far as to prove anything"


def test_no_history_lets_retention_touch_what_it_must_not(migrated, seed):
    run_histories(migrated, seed, histories=int(os.environ.get("TRIAGE_TEST_HISTORIES", "2")), steps=50)


@pytest.mark.slow
def test_no_long_history_does_either(migrated, seed):
    run_histories(migrated, seed, histories=5, steps=150)


def test_a_killed_run_is_gone_on_with(ward, clock):
    uid = ward.done("1.2.3", count=5)
    clock.forward(91 * DAY)
    killed = 0
    for at in range(1, 20):
        with pytest.MonkeyPatch.context() as patch:
            kill_at_step(patch, ward.worklist, at)
            try:
                ward.retention(by_age(90)).run()
            except Killed:
                killed += 1
        assert ward.worklist.study_details.study(uid).deletions, "it is said from the first moment on"
    assert killed > 3
    assert ward.files(uid) == set()
    assert ward.worklist.deletions.unfinished() == []


@pytest.mark.parametrize("is_judged", [True, False])
def test_a_verdict_keeps_a_study_whose_last_deletion_was_cut_off(ward, clock, is_judged):
    uid = ward.done("1.2.3", count=2, decision=Decision.FLAGGED)
    clock.forward(91 * DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StudyFolder, "remove_rest", lambda _: kill())
        with pytest.raises(Killed):
            ward.retention(by_age(30, 30, 30)).run()
    [unfinished] = ward.worklist.deletions.unfinished()
    assert unfinished.part == "rows"
    if is_judged:
        ward.worklist.reader_actions.give_verdict(uid, True, [], "reader ray")
    ward.retention(by_age(30, 30, 30)).run()
    kept = [study.study_instance_uid for study in ward.worklist.study_details.worklist(1e12)]
    assert kept == ([uid] if is_judged else [])
    assert ward.worklist.deletions.unfinished() == []


def test_a_deletion_of_results_that_was_cut_off_takes_no_new_one(ward, clock):
    uid = ward.done("1.2.3", count=2)
    clock.forward(91 * DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StudyFolder, "remove_results", lambda _: kill())
        with pytest.raises(Killed):
            ward.retention(by_age(30, 60)).run()
    [unfinished] = ward.worklist.deletions.unfinished()
    assert unfinished.part == "results"
    ward.receive(uid, 7)
    ward.close()
    assert ward.analyze(Decision.FLAGGED, (DESTINATION,)) == uid
    ward.retention(by_age(30, 60)).run()
    study = ward.worklist.study_details.study(uid)
    assert ward.spool.result(uid, study.outcomes[-1].folder).report() == b"report"
    assert study.report_deletion == ""


def kill() -> None:
    raise Killed


def test_what_comes_back_while_it_is_deleted_is_not_lost(ward, clock, monkeypatch):
    """The indexer files it, then its old file goes, then it is registered: the moment that would lose it."""
    uid = ward.done("1.2.3", count=2)
    clock.forward(91 * DAY)
    instance = ward.instance(uid, 0)
    incoming = ward.spool.keep([b"again"], uid, instance.sop_instance_uid)
    sent = []

    def remove(folder_uid, uids, unlink, now=ward.worklist.deletions.remove):
        if not sent:
            sent.append(ward.spool.file(incoming, uid, instance.sop_instance_uid))
            now(folder_uid, uids, unlink)
            sent.append(ward.worklist.registration.register([instance]).returned)
            ward.spool.file(incoming, uid, instance.sop_instance_uid)
        else:
            now(folder_uid, uids, unlink)

    monkeypatch.setattr(ward.worklist.deletions, "remove", remove)
    ward.retention(by_age(90)).run()
    assert sent[1] == {instance.key}
    assert ward.path(uid, instance.sop_instance_uid).read_bytes() == b"again"
    assert ward.worklist.study_details.study(uid).has_images


RUN = """
import sys, time
from pathlib import Path
from triage_node.config import read_settings
from triage_node.database import Part, StudyState
from triage_node.retention import Pace, Retention, RetentionPolicy, TrustedClock
from triage_node.retention.policy import AgeRule
from triage_node.storage import Spool
from triage_node.worklist import Worklist
settings = read_settings(data_dir=Path(sys.argv[1]))
worklist = Worklist(settings)
worklist.prepare()
rules = tuple(AgeRule(part, {StudyState.ANALYZED: 30}) for part in Part)
spool = Spool(settings.data_dir / "spool")
job = Retention(worklist, spool, RetentionPolicy(rules), Pace(), TrustedClock(patience_seconds=0.0))
print("begins", flush=True)
print(job.run().words, flush=True)
"""


@pytest.mark.slow
def test_a_killed_process_leaves_nothing_that_lies(make_settings, make_worklist, wait_for, seed):
    """The clock of the worklist is real: the studies came long ago by it."""
    rng, clock = random.Random(seed), Clock()
    settings = make_settings(series_quiet_seconds=20, study_quiet_seconds=60)
    worklist = make_worklist(settings, clock)
    ward = Ward(worklist, Spool(settings.data_dir / "spool"), clock)
    uids = [ward.done(f"1.2.{number}", count=20) for number in range(12)]
    kept = f"1.3.{len(uids)}"
    ward.receive(kept, 1, 2)
    worklist.close()
    cut_off = 0
    for _ in range(40):
        command = [sys.executable, "-P", "-c", RUN, str(settings.data_dir)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "begins\n"
        time.sleep(rng.uniform(0.0, 0.15))
        process.send_signal(signal.SIGKILL)
        said = process.communicate()[0]
        cut_off += not said
        check_spool(settings, ward)
        if "images=0 results=0 rows=0" in said:
            break
    subprocess.run(command, check=True, capture_output=True)
    check_spool(settings, ward)
    again = Worklist(settings)
    assert again.deletions.unfinished() == []
    assert [one.study_instance_uid for one in again.study_details.worklist(1e9)] == [kept]
    again.close()
    assert len(ward.files(kept)) == 2
    assert cut_off, "every kill came too late to prove anything"


def check_spool(settings: Settings, ward: Ward) -> None:
    """What is said to be here is here; what was deleted is said to be."""
    worklist = Worklist(settings)
    with worklist.database.read() as session:
        query = select(StudyRow, InstanceRow).join(InstanceRow, InstanceRow.study_id == StudyRow.id)
        for study, instance in session.execute(query.where(InstanceRow.result_file == "")):
            path = ward.path(study.study_instance_uid, instance.sop_instance_uid)
            assert instance.deleted_at is not None or path.is_file()
            assert instance.deleted_at is None or study.deletion or not path.exists()
    worklist.close()
