"""Whatever fails while four senders push: nothing acknowledged is lost, and every study has its one report at the PACS.

One small run belongs to the suite. TRIAGE_FAULT_RUNS makes more of them, TRIAGE_FAULT_INSTANCES larger ones (2000 is
the full size), TRIAGE_TEST_SEED the same ones again.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ct import head_ct, save
from hospital import Hospital, Size
from persistent_sender import PersistentSender
from pydicom import Dataset, dcmread
from report_evidence import evidence_of

SENDERS = 4
SLICES = 24
RUNS = int(os.environ.get("TRIAGE_FAULT_RUNS", "1"))
INSTANCES = int(os.environ.get("TRIAGE_FAULT_INSTANCES", str(SENDERS * SLICES)))
SETTLED_SECONDS = 120 + INSTANCES
LONGEST_SECONDS, BETWEEN_SECONDS = 3.0, 1.2
ENDED = {"analyzed", "unsuitable", "failed"}
START_OF_FILE_META = 132 + 12
MORE_MEGABYTES, MORE_THREADS, MORE_DESCRIPTORS = 60, 8, 12


def data_set_of(path: Path) -> bytes:
    """Return what follows the file meta information, whose group length comes first (PS3.10 7.1)."""
    content = path.read_bytes()
    length = int.from_bytes(content[START_OF_FILE_META - 4 : START_OF_FILE_META], "little")
    return content[START_OF_FILE_META + length :]


@pytest.fixture
def hospital(tmp_path: Path, seed: int) -> Iterator[Callable[[int], Hospital]]:
    """Open a hospital for a run."""
    opened: list[Hospital] = []

    def open_for(run: int) -> Hospital:
        folder = tmp_path / "hospital"
        folder.mkdir()
        opened.append(Hospital(folder, seed + run))
        return opened[-1]

    yield open_for
    for one in opened:
        one.stop()


def write_studies(folder: Path, seed: int) -> list[dict[str, Path]]:
    """Write head CTs for each sender; return the files of each by SOP Instance UID."""
    studies = -(-INSTANCES // (SENDERS * SLICES))
    of_senders = []
    for sender in range(SENDERS):
        files = {}
        for number in range(studies):
            images = head_ct(slices=SLICES, size=(128, 128), seed=seed + sender * studies + number)
            paths = save(images, folder / f"{sender}-{number}")
            files |= {str(image.SOPInstanceUID): path for image, path in zip(images, paths, strict=True)}
        of_senders.append(files)
    return of_senders


def studies_of(files: dict[str, Path]) -> dict[str, set[str]]:
    """Return the SOP Instance UIDs of each study."""
    found: dict[str, set[str]] = {}
    for uid, path in files.items():
        study = dcmread(path, specific_tags=["StudyInstanceUID"]).StudyInstanceUID
        found.setdefault(str(study), set()).add(uid)
    return found


def is_settled(hospital: Hospital, studies: dict[str, set[str]]) -> bool:
    """Tell whether everything that came has been analyzed and sent."""
    rows = {row.study_instance_uid: row for row in hospital.node.worklist.study_details.worklist(limit=10_000)}
    if not studies.keys() <= rows.keys():
        return False
    if any(rows[uid].state not in ENDED or rows[uid].analyzed_revision != rows[uid].revision for uid in studies):
        return False
    owed = hospital.node.worklist.study_lists.counts().deliveries
    return not owed.get("pending", 0) and not owed.get("sending", 0)


def reports_at(hospital: Hospital) -> dict[str, list[Dataset]]:
    """Return the reports that the PACS has of each study."""
    found: dict[str, list[Dataset]] = {}
    for path in hospital.pacs.received():
        ds = dcmread(path)
        found.setdefault(str(ds.StudyInstanceUID), []).append(ds)
    return found


def faults_of_the_run(hospital: Hospital, seed: int) -> list[str]:
    """Return each kind of fault in a random order; larger runs have more of them."""
    chosen = list(hospital.faults()) * max(1, INSTANCES // 400)
    random.Random(seed).shuffle(chosen)
    return chosen


def check_instances(hospital: Hospital, files: dict[str, Path], acknowledged: set[str]) -> None:
    """Every acknowledged instance is there once, byte for byte, and nothing else is."""
    kept = Counter()
    for path in sorted((hospital.spool / "studies").glob("*/*/*.dcm")):
        uid = str(dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
        kept[uid] += 1
        assert data_set_of(path) == data_set_of(files[uid]), f"{path} is not what was sent"
    assert not acknowledged - kept.keys(), "lost"
    assert set(kept.values()) == {1}, "twice"
    left = [path for name in ("incoming", "quarantine") for path in (hospital.spool / name).iterdir()]
    left += (hospital.spool / "studies").rglob("*.part")
    left += (hospital.spool / "studies").rglob("*.variant")
    assert not left


def check_reports(hospital: Hospital, studies: dict[str, set[str]]) -> int:
    """Each study has one report of its last revision, of all its images; return how many there are of earlier ones."""
    at_pacs, earlier = reports_at(hospital), 0
    for uid, instances in studies.items():
        study = hospital.node.study(uid)
        assert study.state == "analyzed", (study.state, study.reasons)
        assert sum(series.instance_count for series in study.series if series.modality == "CT") == len(instances)
        latest = study.latest_outcome
        assert latest.revision == study.revision
        uids = Counter(str(report.SOPInstanceUID) for report in at_pacs.get(uid, []))
        assert uids[latest.report_sop_instance_uid] == 1
        assert uids.keys() == {one.sop_instance_uid for one in study.deliveries}, "the PACS has what nobody owed it"
        [report] = [one for one in at_pacs[uid] if one.SOPInstanceUID == latest.report_sop_instance_uid]
        assert evidence_of(report) == instances
        earlier += sum(uids.values()) - 1
    assert at_pacs.keys() == studies.keys()
    return earlier


def is_back(now: Size, before: Size) -> bool:
    """Tell whether a process takes no more than before; thread pools grow to their size at their own pace."""
    return (
        now.connections <= before.connections
        and now.threads <= before.threads + MORE_THREADS
        and now.descriptors <= before.descriptors + MORE_DESCRIPTORS
        and now.megabytes <= before.megabytes + MORE_MEGABYTES
    )


@pytest.mark.slow
@pytest.mark.timeout(300 + 3 * INSTANCES)
@pytest.mark.parametrize("run", range(RUNS))
def test_whatever_fails_nothing_is_lost_and_nothing_is_there_twice(
    run: int, hospital: Callable[[int], Hospital], seed: int, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    here = hospital(run)
    here.node.wait_ready()
    before = here.size
    of_senders = write_studies(tmp_path, (seed + run) % 2**20)
    files = {uid: path for own in of_senders for uid, path in own.items()}
    studies = studies_of(files)
    faults = faults_of_the_run(here, seed + run)
    push_seconds = len(faults) * BETWEEN_SECONDS / 2
    senders = [
        PersistentSender(
            f"SENDER{one}", here.inbound.port, own, tmp_path / f"sender{one}.log", seed + one, push_seconds
        )
        for one, own in enumerate(of_senders)
    ]
    start = time.monotonic()
    for sender in senders:
        sender.start()
    here.suffer(faults, LONGEST_SECONDS, BETWEEN_SECONDS)
    end = time.monotonic() + SETTLED_SECONDS
    for sender in senders:
        sender.join(max(0.0, end - time.monotonic()))
        sender.give_up()
    acknowledged = set().union(*(sender.acknowledged for sender in senders))
    assert acknowledged == files.keys(), "the senders did not get rid of everything"
    wait_for(lambda: is_settled(here, studies), "the end of all studies", SETTLED_SECONDS)
    check_instances(here, files, acknowledged)
    earlier = check_reports(here, studies)
    wait_for(lambda: is_back(here.size, before), f"the node to take what it took before: {before}, {here.size}", 60)
    print(
        f"\nseed {seed} run {run}: {len(files)} instances, 0 lost, 0 twice; {len(studies)} studies, as many last "
        f"reports, {earlier} of earlier revisions; {sum(one.sent_again for one in senders)} sent again; "
        f"{time.monotonic() - start:.0f} s; {dict(here.happened)}; before {before}, after {here.size}"
    )
