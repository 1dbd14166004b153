"""Three machines with a folder each, one database, one bucket: whatever fails, each study has its report, and once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import ClusterWithBucket
from cluster_course import QUIET, TEST_SECONDS, Mishap, Studies, check_instances, check_reports, mishaps, push
from network_namespace import NetworkNamespace
from object_storage import ObjectStorage

from triage_node.storage.layout import Layout
from triage_node.storage.result import FIRST_REPORT, OUTCOME


@pytest.fixture
def network() -> Iterator[NetworkNamespace]:
    made = NetworkNamespace()
    yield made
    made.stop()


@pytest.fixture
def storage(network: NetworkNamespace) -> Iterator[ObjectStorage]:
    running = ObjectStorage(host=network.address)
    yield running
    running.stop()


@pytest.fixture
def cluster(tmp_path: Path, network: NetworkNamespace, storage: ObjectStorage) -> Iterator[ClusterWithBucket]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    running = ClusterWithBucket(folder, network, storage, **QUIET)
    yield running
    running.stop()


def with_busy_bucket(cluster: ClusterWithBucket) -> list[Mishap]:
    """Add to what happens to every cluster that the object storage answers 503 while the worst is going on."""

    def set_busy(is_busy: bool) -> Callable[[], None]:
        return lambda: setattr(cluster.storage, "is_busy", is_busy)

    busy = [Mishap(0.4, "bucket busy", set_busy(True)), Mishap(0.85, "bucket answers", set_busy(False))]
    return sorted([*mishaps(cluster), *busy], key=lambda mishap: mishap.share)


def check_bucket(cluster: ClusterWithBucket, studies: Studies) -> None:
    """Every outcome that counts is in the bucket with its report, whichever machine made it."""
    there, layout = set(cluster.storage.keys(cluster.bucket)), Layout(Path("site"))
    for uid in studies:
        for outcome in cluster.worklist.study_details.study(uid).outcomes:
            folder = layout.result(uid, outcome.folder or "").folder
            assert {str(folder / OUTCOME), str(folder / FIRST_REPORT)} <= there


@pytest.mark.slow
@pytest.mark.timeout(TEST_SECONDS)
def test_whatever_ends_is_cut_off_or_busy_each_study_has_its_one_report(
    cluster: ClusterWithBucket, seed: int, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    devices = {(machine.data_dir / "device-uid").read_text() for machine in cluster.machines}
    assert len(devices) == 1, "all are one device"
    studies = push(cluster, with_busy_bucket(cluster), tmp_path, seed, wait_for)
    check_instances(cluster, studies)
    check_reports(cluster, studies)
    check_bucket(cluster, studies)
