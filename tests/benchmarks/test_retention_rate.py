"""How fast are old instances deleted when the disk is low, and what does that cost who sends meanwhile?

A folder with old instances is brought below its mark by runs of the job; 300 images of 512 x 512 are sent again and
again, in turns with a run and without one. Files have blocks on the disk, but nothing was written to them.
"""

import os
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from intakes import Intake
from programs import run
from sqlalchemy import func, insert, select
from unanalyzed import SLICES

from triage_node.database import InstanceRow, SeriesRow, StudyRow
from triage_node.retention import Pace, Retention, RetentionPolicy, Tally
from triage_node.storage import Disk, Layout, Watermarks
from triage_node.worklist import Worklist

INSTANCES = int(os.environ.get("TRIAGE_BENCH_INSTANCES", "100000"))
KILOBYTES = int(os.environ.get("TRIAGE_BENCH_KB", "16"))
OF_A_STUDY = 250
MARK_MB = 4 * INSTANCES * KILOBYTES // 1024
"""With a quarter of it more free, the disk is well."""
KEPT_FREE = 20_000_000_000
ALONE = 4
BAR_DELETED, BAR_SENT = 500, 0.8


class SharedDisk:
    """A disk that is low by the old instances, whatever others write on the real one meanwhile."""

    def __init__(self, worklist: Worklist) -> None:
        self._worklist = worklist

    def __call__(self, _: Path) -> SimpleNamespace:
        without_images = select(func.count()).select_from(StudyRow).where(StudyRow.images_deleted_at.is_not(None))
        with self._worklist.database.read() as session:
            freed = session.scalar(without_images) * OF_A_STUDY * KILOBYTES << 10
        return SimpleNamespace(total=1 << 50, free=MARK_MB * (1 << 20) - 1 + freed)


@pytest.fixture
def intake(make_settings, tmp_path: Path) -> Iterator[Intake]:
    """A node's intake on a disk that is low, and well again when the old instances are gone."""
    if shutil.disk_usage(tmp_path).free - (INSTANCES * KILOBYTES << 10) < KEPT_FREE:
        pytest.skip(f"{INSTANCES} instances of {KILOBYTES} kB would leave less than 20 GB free")
    opened = Intake(make_settings())
    make_old(opened, time.time() - 60 * 86_400)
    opened.old = set(opened.spool.studies())
    opened.disk = Disk(tmp_path, Watermarks(warn_mb=MARK_MB), SharedDisk(opened.worklist))
    yield opened
    opened.stop()
    shutil.rmtree(tmp_path, ignore_errors=True)


def make_old(intake: Intake, at: float) -> None:
    """Write rows and files of studies that have been done for long."""
    layout = intake.spool.layout
    with intake.worklist.database.write() as session:
        for number in range(1, INSTANCES // OF_A_STUDY + 1):
            uid = f"2.25.99{number:06d}"
            times = {"first_received_at": at + number, "last_received_at": at + number, "opened_at": at + number}
            state = {
                "state": "analyzed",
                "closed_at": at + number,
                "changed_at": at + number,
                "decision": "not_flagged",
            }
            names = {"study_instance_uid": uid, "patient_id": f"P{number}", "patient_name": "Berg^Anna"}
            session.execute(insert(StudyRow).values(id=number, **names, **times, **state))
            series = {"id": number, "study_id": number, "series_instance_uid": f"{uid}.1", "modality": "CT"}
            session.execute(insert(SeriesRow).values(**series, instance_count=OF_A_STUDY, last_received_at=at))
            session.execute(insert(InstanceRow), [row(layout, uid, number, one, at) for one in range(OF_A_STUDY)])


def row(layout: Layout, uid: str, study_id: int, number: int, at: float) -> dict[str, object]:
    """Make the file of an instance; return its row."""
    sop_instance_uid = f"{uid}.1.{number}"
    path = layout.instance(uid, sop_instance_uid)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.posix_fallocate(descriptor, 0, KILOBYTES << 10)
    os.close(descriptor)
    return {
        "study_id": study_id, "series_id": study_id, "sop_instance_uid": sop_instance_uid, "received_at": at,
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2", "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "size_bytes": KILOBYTES << 10,
    }  # fmt: skip


class Run(threading.Thread):
    """One run of the job."""

    def __init__(self, job: Retention) -> None:
        super().__init__(name="retention")
        self._job = job
        self.tally = Tally()
        self.seconds = 0.0

    def run(self) -> None:
        """Delete."""
        start = time.perf_counter()
        self.tally = self._job.run()
        self.seconds = time.perf_counter() - start


def sent(intake: Intake, images: Path) -> float:
    """Send the images as a study of their own; return how many a second."""
    start = time.perf_counter()
    result = run("storescu", "+sd", "+II", "127.0.0.1", intake.port, images, timeout_seconds=300)
    assert result.returncode == 0, result.stderr
    rate = SLICES / (time.perf_counter() - start)
    while intake.spool.is_receiving:
        time.sleep(0.05)
    for path in set(intake.spool.studies()) - intake.old:
        shutil.rmtree(path)  # the next ones need the room
    return rate


@pytest.mark.timeout(3600)
def test_retention_rate(intake: Intake, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake.spool, "space", intake.disk.space)
    policy = RetentionPolicy(room_days=30)
    job = Retention(intake.worklist, intake.spool, policy, Pace(lambda: intake.spool.is_receiving))
    sent(intake, images)  # warms up
    alone, together, deleted, seconds = [], [], 0, 0.0
    while True:
        alone += [sent(intake, images) for _ in range(ALONE)]
        one = Run(job)
        one.start()
        while one.is_alive():
            rate = sent(intake, images)
            if one.is_alive():
                together.append(rate)
        one.join()
        if one.tally.is_empty:
            break
        deleted, seconds = deleted + one.tally.files, seconds + one.seconds
    share = statistics.median(together) / statistics.median(alone)
    print(f"\n{INSTANCES} old instances of {KILOBYTES} kB in studies of {OF_A_STUDY}, {os.cpu_count()} cores:")
    print(f"  {deleted} deleted in {seconds:.0f} s: {deleted / seconds:.0f}/s while a sender sends (bar {BAR_DELETED})")
    print(f"  sent alone {statistics.median(alone):.0f}/s, meanwhile {statistics.median(together):.0f}/s: {share:.0%}")
    print(f"  (bar {BAR_SENT:.0%}; medians of {len(alone)} and {len(together)} studies of {SLICES} images)")
    assert intake.worklist.deletables.portion(policy.for_room(time.time())).studies * OF_A_STUDY == INSTANCES - deleted
