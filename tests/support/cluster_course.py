"""What a cluster goes through: senders push, one part of it after the other fails, and then all is counted.

TRIAGE_CLUSTER_STUDIES makes it larger (500 is the full size).
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster import Cluster
from ct import head_ct, save
from persistent_sender import PersistentSender
from pydicom import Dataset, dcmread
from report_evidence import evidence_of
from sqlalchemy import select

from triage_node.database import StudyRow, StudyState
from triage_node.errors import StorageError

STUDIES = int(os.environ.get("TRIAGE_CLUSTER_STUDIES", "6"))
SLICES, SIZE = 24, (128, 128)
SPLIT = 4
"""Of so many studies one comes in by both listeners."""
PUSH_SECONDS = 4.0 * STUDIES if STUDIES < 100 else 300.0
CUT_SECONDS = 75.0 if STUDIES >= 100 else 25.0
"""Longer than the lease of a duty; in the full size also than that of a study."""
SETTLED_SECONDS = 240 + 12 * STUDIES
TEST_SECONDS = 900 + 30 * STUDIES
QUIET = {"series_quiet_seconds": 8.0, "study_quiet_seconds": 8.0, "worker_nice": 0}
"""Settings of a cluster that goes through it."""

Studies = dict[str, dict[str, Path]]
"""The files of each study by SOP Instance UID."""


@dataclass(frozen=True)
class Mishap:
    """Something that fails, or is well again, once a share of all instances is acknowledged."""

    share: float
    name: str
    happen: Callable[[], None]


def mishaps(cluster: Cluster) -> list[Mishap]:
    """Return what happens to every cluster; the machine that is cut off comes back at the end."""
    return [
        Mishap(0.1, "listener killed", lambda: cluster.kill("listener-1")),
        Mishap(0.3, "machine cut off", cluster.cut_off),
        Mishap(0.5, "worker killed", lambda: cluster.kill(busy_worker(cluster))),
        Mishap(0.6, "upkeep killed", lambda: cluster.kill(leader(cluster))),
        Mishap(0.7, "PostgreSQL restarted", cluster.restart_postgresql),
    ]


def push(
    cluster: Cluster, what_fails: Sequence[Mishap], folder: Path, seed: int, wait_for: Callable[..., Any]
) -> Studies:
    """Send studies while one thing after the other fails, and wait until all are analyzed and delivered."""
    studies, start = write_studies(folder, seed % 2**20), time.monotonic()
    senders = [
        PersistentSender(
            f"SENDER{one}",
            cluster.balancers[one].port,
            of_sender(studies, one),
            folder / f"{one}.log",
            seed + one,
            PUSH_SECONDS,
        )
        for one in range(2)
    ]
    for sender in senders:
        sender.start()
    happened = suffer(cluster, senders, what_fails)
    for sender in senders:
        sender.join(SETTLED_SECONDS)
        sender.give_up()
    acknowledged = set().union(*(sender.acknowledged for sender in senders))
    assert acknowledged == {uid for files in studies.values() for uid in files}, "the senders did not get rid of it"
    wait_for(lambda: is_settled(cluster, studies), "the end of all studies", SETTLED_SECONDS)
    print(f"\nseed {seed}: {len(studies)} studies, {len(acknowledged)} instances, {time.monotonic() - start:.0f} s")
    print(happened)
    return studies


def suffer(cluster: Cluster, senders: Sequence[PersistentSender], what_fails: Sequence[Mishap]) -> dict[str, float]:
    """Let one after the other fail while the senders push; return when, in seconds since the start."""
    start, happened = time.monotonic(), {}
    number = sum(one.number for one in senders)
    for mishap in what_fails:
        while sum(len(one.acknowledged) for one in senders) < mishap.share * number:
            if not any(one.is_alive() for one in senders):
                break
            time.sleep(0.05)
        happened[mishap.name] = round(time.monotonic() - start, 1)
        mishap.happen()
    time.sleep(max(0.0, start + happened["machine cut off"] + CUT_SECONDS - time.monotonic()))
    cluster.mend()
    happened["machine back"] = round(time.monotonic() - start, 1)
    return happened


def write_studies(folder: Path, seed: int) -> Studies:
    """Write head CTs; return the files of each by SOP Instance UID."""
    found = {}
    for number in range(STUDIES):
        images = head_ct(slices=SLICES, size=SIZE, seed=seed + number)
        paths = save(images, folder / f"{number}")
        uids = {str(image.SOPInstanceUID): path for image, path in zip(images, paths, strict=True)}
        found[str(images[0].StudyInstanceUID)] = uids
    return found


def of_sender(studies: Studies, sender: int) -> dict[str, Path]:
    """Return what one of two senders sends: its studies, and every second image of those that both send."""
    sent: dict[str, Path] = {}
    for number, files in enumerate(studies.values()):
        if number % SPLIT == 0:
            sent |= dict(list(files.items())[sender::2])
        elif number % 2 == sender:
            sent |= files
    return sent


def is_settled(cluster: Cluster, studies: Studies) -> bool:
    """Tell whether everything that came has been analyzed, sent and, where there is a bucket, copied."""
    try:
        rows = {row.study_instance_uid: row for row in cluster.worklist.study_details.worklist(limit=10_000)}
        owed = cluster.worklist.study_lists.counts().deliveries
        to_upload = cluster.worklist.uploads.waiting()
    except StorageError:
        return False
    if not studies.keys() <= rows.keys() or owed.get("pending", 0) or owed.get("sending", 0) or to_upload:
        return False
    return all(rows[uid].state == "analyzed" and rows[uid].analyzed_revision == rows[uid].revision for uid in studies)


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


def check_instances(cluster: Cluster, studies: Studies) -> None:
    """Every acknowledged instance is there once, and nothing is left behind."""
    stored = cluster.instances()
    assert stored.keys() == {uid for study in studies.values() for uid in study}
    assert set(stored.values()) == {1}
    assert not cluster.left_behind()


def check_reports(cluster: Cluster, studies: Studies) -> None:
    """Each study has one report of its last revision, of all its images; what the PACS got twice is nearly nothing."""
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
    stored = cluster.stored_at_pacs()
    again = sum(stored.values()) - len(stored)
    assert again <= 1, "only what was being sent when its sender was cut off may be sent again"
    print(f"as many last reports, {earlier} of earlier revisions, {again} sent again")
