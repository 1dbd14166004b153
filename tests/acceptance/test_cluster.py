"""A node in several processes on one PostgreSQL: whatever ends or is cut off, each study has its report, and once.

TRIAGE_CLUSTER_STUDIES makes it larger (500 is the full size).
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster, full_size
from ct import head_ct, save
from persistent_sender import PersistentSender
from pydicom import Dataset, dcmread
from sqlalchemy import select

from triage_node.database import StudyRow, StudyState
from triage_node.errors import StorageError

STUDIES = full_size("TRIAGE_CLUSTER_STUDIES", 10)
SLICES, SIZE = 24, (128, 128)
SPLIT = 4
"""Of so many studies one comes in by both listeners."""
PUSH_SECONDS = 4.0 * STUDIES if STUDIES < 100 else 300.0
CUT_SECONDS = 75.0 if STUDIES >= 100 else 25.0
"""Longer than the lease of a duty; in the full size also than that of a study."""
SETTLED_SECONDS = 240 + 3 * STUDIES


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    running = Cluster(folder, series_quiet_seconds=8.0, study_quiet_seconds=8.0, worker_nice=0)
    yield running
    running.stop()


def write_studies(folder: Path, seed: int) -> dict[str, dict[str, Path]]:
    """Write head CTs; return the files of each by SOP Instance UID."""
    found = {}
    for number in range(STUDIES):
        images = head_ct(slices=SLICES, size=SIZE, seed=seed + number)
        paths = save(images, folder / f"{number}")
        uids = {str(image.SOPInstanceUID): path for image, path in zip(images, paths, strict=True)}
        found[str(images[0].StudyInstanceUID)] = uids
    return found


def of_sender(studies: dict[str, dict[str, Path]], sender: int) -> dict[str, Path]:
    """Return what one of two senders sends: its studies, and every second image of those that both send."""
    sent: dict[str, Path] = {}
    for number, files in enumerate(studies.values()):
        if number % SPLIT == 0:
            sent |= dict(list(files.items())[sender::2])
        elif number % 2 == sender:
            sent |= files
    return sent


def is_settled(cluster: Cluster, studies: dict[str, dict[str, Path]]) -> bool:
    """Tell whether everything that came has been analyzed and sent."""
    try:
        rows = {row.study_instance_uid: row for row in cluster.worklist.study_details.worklist(limit=10_000)}
        owed = cluster.worklist.study_lists.counts().deliveries
    except StorageError:
        return False
    if not studies.keys() <= rows.keys() or owed.get("pending", 0) or owed.get("sending", 0):
        return False
    return all(rows[uid].state == "analyzed" and rows[uid].analyzed_revision == rows[uid].revision for uid in studies)


def suffer(cluster: Cluster, senders: list[PersistentSender]) -> dict[str, float]:
    """Let one after the other fail while the senders push; return when, in seconds since the start."""
    start, happened = time.monotonic(), {}

    def after(share: float, name: str) -> None:
        wanted = share * sum(one.number for one in senders)
        while sum(len(one.acknowledged) for one in senders) < wanted and any(one.is_alive() for one in senders):
            time.sleep(0.05)
        happened[name] = round(time.monotonic() - start, 1)

    after(0.1, "listener killed")
    cluster.kill("listener-1")
    after(0.3, "machine cut off")
    cluster.cut_off.stall()
    after(0.5, "worker killed")
    cluster.kill(busy_worker(cluster))
    after(0.6, "upkeep killed")
    cluster.kill(leader(cluster))
    after(0.7, "PostgreSQL restarted")
    cluster.postgresql.kill()
    cluster.postgresql.start()
    time.sleep(max(0.0, start + happened["machine cut off"] + CUT_SECONDS - time.monotonic()))
    cluster.cut_off.go_on()
    happened["machine back"] = round(time.monotonic() - start, 1)
    return happened


def busy_worker(cluster: Cluster) -> str:
    """Return a worker that has a study and is not cut off; if none has one for long, the first."""
    for _ in range(500):
        with cluster.worklist.database.read() as session:
            claimed = set(session.scalars(select(StudyRow.claimed_by).where(StudyRow.state == StudyState.ANALYZING)))
        for name in ("worker-1", "worker-2"):
            if any(one.startswith(cluster.processes[name].claimed_as) for one in claimed if one):
                return name
        time.sleep(0.02)
    return "worker-1"


def leader(cluster: Cluster) -> str:
    """Return the process that has the upkeep."""
    [name] = [one.name for one in cluster.worklist.leases.nodes() if "upkeep" in one.duties]
    return next(key for key, one in cluster.processes.items() if key.startswith("upkeep") and one.claimed_as == name)


def check_instances(cluster: Cluster, studies: dict[str, dict[str, Path]]) -> None:
    """Every acknowledged instance is there once, has its row, and nothing is left behind."""
    files = {uid for study in studies.values() for uid in study}
    kept = Counter(
        str(dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
        for path in sorted((cluster.spool / "studies").glob("*/*/*.dcm"))
    )
    assert kept.keys() == files
    assert set(kept.values()) == {1}
    left = [path for name in ("incoming", "quarantine") for path in (cluster.spool / name).rglob("*.dcm")]
    assert not left


def check_reports(cluster: Cluster, studies: dict[str, dict[str, Path]]) -> int:
    """Each study has one report of its last revision, of all its images; return how many there are of earlier ones."""
    at_pacs: dict[str, list[Dataset]] = {}
    for path in cluster.pacs.received():
        ds = dcmread(path)
        at_pacs.setdefault(str(ds.StudyInstanceUID), []).append(ds)
    assert at_pacs.keys() == studies.keys()
    earlier = 0
    for uid, files in studies.items():
        study = cluster.worklist.study_details.study(uid)
        latest = study.latest_outcome
        uids = Counter(str(report.SOPInstanceUID) for report in at_pacs[uid])
        assert uids[latest.report_sop_instance_uid] == 1
        assert uids.keys() == {one.sop_instance_uid for one in study.deliveries}, "the PACS has what nobody owed it"
        assert len(study.outcomes) == len(uids), "a revision was analyzed twice"
        [report] = [one for one in at_pacs[uid] if one.SOPInstanceUID == latest.report_sop_instance_uid]
        assert evidence_of(report) == files.keys()
        earlier += sum(uids.values()) - 1
    return earlier


def evidence_of(report: Dataset) -> set[str]:
    """Return the SOP Instance UIDs that a report was made from (PS3.3 C.17.2.3)."""
    return {
        str(instance.ReferencedSOPInstanceUID)
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }


@pytest.mark.slow
@pytest.mark.timeout(600 + 10 * STUDIES)
def test_whatever_process_ends_or_is_cut_off_each_study_has_its_one_report(
    cluster: Cluster, seed: int, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    studies = write_studies(tmp_path, seed % 2**20)
    senders = [
        PersistentSender(
            f"SENDER{one}",
            cluster.balancers[one].port,
            of_sender(studies, one),
            tmp_path / f"{one}.log",
            seed + one,
            PUSH_SECONDS,
        )
        for one in range(2)
    ]
    start = time.monotonic()
    for sender in senders:
        sender.start()
    happened = suffer(cluster, senders)
    for sender in senders:
        sender.join(SETTLED_SECONDS)
        sender.give_up()
    acknowledged = set().union(*(sender.acknowledged for sender in senders))
    assert acknowledged == {uid for files in studies.values() for uid in files}, "the senders did not get rid of it"
    wait_for(lambda: is_settled(cluster, studies), "the end of all studies", SETTLED_SECONDS)
    check_instances(cluster, studies)
    earlier = check_reports(cluster, studies)
    stored = cluster.stored_at_pacs()
    again = sum(stored.values()) - len(stored)
    assert again <= 1, "only what was being sent when its sender was cut off may be sent again"
    print(
        f"\nseed {seed}: {len(studies)} studies, {len(acknowledged)} instances, as many last reports, {earlier} of "
        f"earlier revisions, {again} sent again; {time.monotonic() - start:.0f} s; {happened}"
    )
