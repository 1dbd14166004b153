"""A node whose workers run under Ray, on a cluster of this machine and on one that runs already."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from ct import head_ct, save
from nodes import RunningNode
from pacs import Storescp
from programs import Program, need
from pydicom import dcmread
from ray_head import RayHead

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(900)]

ENDED = {"analyzed", "unsuitable", "failed"}
PLACED = re.compile(r"worker_placed worker=(\S+) process=(\d+)@")
STUDIES = 4
WITH_RAY = {"TRIAGE_TEST_EXTRAS": "ray"}


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Storescp]:
    """Where the reports go."""
    started = Storescp(tmp_path / "pacs")
    yield started
    started.stop()


@pytest.fixture
def node(tmp_path: Path, pacs: Storescp, wait_for: Callable[..., Any]) -> Iterator[RunningNode]:
    """A node with two workers under Ray, both ready."""
    (tmp_path / "node").mkdir()
    running = RunningNode(
        tmp_path / "node", WITH_RAY, destinations=[pacs.address], worker_engine="ray", ray_workers=2, worker_nice=0
    )
    wait_for(lambda: running.program.printed.count("worker_ready") == 2, "two workers", 300)
    yield running
    running.stop()


def workers_of(node: RunningNode) -> dict[str, int]:
    """Return the process of each worker that was placed, by the name under which it claims."""
    return {name: int(pid) for name, pid in PLACED.findall(node.program.printed)}


def who_has(node: RunningNode, uid: str) -> list[str]:
    """Return who claimed a study, the last one last."""
    return [event.actor for event in node.study(uid).events if event.code == "claimed"]


def send(node: RunningNode, folder: Path, seed: int, slices: int = 32) -> str:
    """Send a head CT; return the UID of its study."""
    images = head_ct(slices=slices, size=(256, 256), seed=seed, lesion="epidural")
    assert node.storescu(*save(images, folder / str(seed))).returncode == 0
    return str(images[0].StudyInstanceUID)


def test_two_workers_share_the_studies_one_dies_and_all_are_reported_and_the_end_gives_back(
    node: RunningNode, pacs: Storescp, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    workers = workers_of(node)
    dying = send(node, tmp_path, 0, slices=128)
    wait_for(lambda: node.state(dying) == "analyzing", "the start of the analysis", 60)
    killed = who_has(node, dying)[-1]
    os.kill(workers[killed], signal.SIGKILL)
    studies = [dying, *(send(node, tmp_path, number) for number in range(1, STUDIES))]
    wait_for(lambda: all(node.state(uid) in ENDED for uid in studies), "the end of the studies", 300)
    assert [node.state(uid) for uid in studies] == STUDIES * ["analyzed"]
    assert [event.code for event in node.study(dying).events].count("worker_died") == 1
    assert who_has(node, dying)[-1] != killed
    wait_for(lambda: len(pacs.received()) == STUDIES, "the reports", 60)
    assert {str(dcmread(path).StudyInstanceUID) for path in pacs.received()} == set(studies)
    wait_for(lambda: node.program.printed.count("worker_ready") == 3, "another worker", 300)
    assert len({who_has(node, uid)[-1] for uid in studies}) <= 2
    _end_gives_back(node, tmp_path, wait_for)


def _end_gives_back(node: RunningNode, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """What is being analyzed when the node ends has not been tried; nothing of Ray is left."""
    processes = psutil.Process(node.program.process.pid).children(recursive=True)
    folder = Path((Path(node.options["data_dir"]) / "ray-folder").read_text())
    assert folder.is_dir()
    uid = send(node, tmp_path, STUDIES, slices=128)
    wait_for(lambda: node.state(uid) == "analyzing", "the start of the analysis", 60)
    # Who takes up nothing any more ends before the worker does, which would be done by then.
    os.kill(workers_of(node)[who_has(node, uid)[-1]], signal.SIGSTOP)
    node.program.stop()
    assert node.state(uid) == "ready"
    assert node.study(uid).attempts == 0
    assert not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert not folder.exists()


@pytest.fixture
def head(tmp_path: Path) -> Iterator[RayHead]:
    """A cluster that runs already."""
    started = RayHead(tmp_path)
    yield started
    started.stop()


def test_a_cluster_that_runs_is_checked_and_used_by_scan_and_node(
    head: RayHead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_for: Callable[..., Any]
) -> None:
    for name, value in (head.environment | WITH_RAY).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "node").mkdir()
    node = RunningNode(
        tmp_path / "node", head.environment | WITH_RAY, worker_engine="ray", ray_address=head.address, worker_nice=0
    )
    try:
        checked = node.command("check").stdout
        assert f"the cluster at {head.address} has room for 1" in checked
        images = head_ct(slices=16, size=(256, 256), seed=7)
        save(images, tmp_path / "archive")
        options = "--out", tmp_path / "out", "--workers", 1, "--ray-address", head.address
        scan = Program([need("triage-node"), "scan", tmp_path / "archive", *options], tmp_path / "scan.log")
        assert scan.process.wait(300) == 0, scan.printed
        assert json.loads((tmp_path / "out" / "summary.json").read_text())["studies"] == 1
        wait_for(lambda: "worker_ready" in node.program.printed, "a worker", 300)
        uid = send(node, tmp_path, 8)
        wait_for(lambda: node.state(uid) in ENDED, "the end of the study", 120)
        assert node.state(uid) == "analyzed"
        head.stop()
        wait_for(lambda: "worker_died" in node.program.printed, "the end of the workers with their cluster", 120)
        assert send(node, tmp_path, 9)
        assert node.program.process.poll() is None, "who listens goes on"
        checked = node.command("check").stdout
        assert f"There is no cluster of Ray at {head.address}" in checked
    finally:
        node.stop()
