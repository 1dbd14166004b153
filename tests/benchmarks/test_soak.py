"""A node at a large hospital's rate, compressed: what it takes of its machine stays the same.

TRIAGE_SOAK_MINUTES makes it longer than the two minutes of `make bench`; in 65 it sends 900 studies, those of four days
of a hospital with 200 a day. From ten minutes on the end is compared with what there was after five.
"""

import os
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from nodes import RunningNode
from pacs import Storescp
from pydicom import dcmread
from traffic import Traffic

from triage_node.identity import Role

MINUTES = int(os.environ.get("TRIAGE_SOAK_MINUTES", "2"))
WARM_MINUTES, COMPARED_MINUTES = 5, 3
BAR_SHARE = 0.05
MORE = 3
"""A connection or two are open at one moment and not at another."""
ERRORS = re.compile(r"^.*(?:\bERROR\b|\bCRITICAL\b|Traceback).*$", re.MULTILINE)


@dataclass(frozen=True)
class Minute:
    """What a node takes at the end of a minute, and what it has done so far."""

    node_mb: float
    worker_mb: float
    node_threads: int
    worker_threads: int
    files: int
    sockets: int
    cpu_percent: float
    studies: int
    reports: int

    @classmethod
    def of(
        cls, node: psutil.Process, worker: psutil.Process, cpu_percent: float, studies: int, reports: int
    ) -> "Minute":
        """Measure both processes: resident memory in MB, threads, open files and sockets of both."""
        both = node, worker
        return cls(
            node.memory_info().rss / 2**20,
            worker.memory_info().rss / 2**20,
            node.num_threads(),
            worker.num_threads(),
            sum(one.num_fds() for one in both),
            sum(len(one.net_connections("all")) for one in both),
            cpu_percent,
            studies,
            reports,
        )


def typical(minutes: Sequence[Minute]) -> dict[str, float]:
    """Return the median of each figure."""
    return {one.name: statistics.median(getattr(minute, one.name) for minute in minutes) for one in fields(Minute)}


def soon(minutes: float) -> str:
    """Return the time of the day in so many minutes."""
    return f"{datetime.now() + timedelta(minutes=minutes):%H:%M}"


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Storescp]:
    """Return where the reports go."""
    started = Storescp(tmp_path / "pacs")
    yield started
    started.stop()


@pytest.fixture
def node(tmp_path: Path, pacs: Storescp) -> Iterator[RunningNode]:
    """Start a node that makes its backup, its statistics and its care of the database while it is watched.

    Its worker is as urgent as the senders: on a machine that others use, too, it would fall behind for good.
    """
    (tmp_path / "node").mkdir()
    daily = {"backup_at": soon(10), "statistics_at": soon(12), "database_window": f"{soon(14)}-{soon(30)}"}
    running = RunningNode(
        tmp_path / "node", destinations=[pacs.address], explanation="keep", echo_seconds=30.0, worker_nice=0, **daily
    )
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
def traffic(node: RunningNode, tmp_path: Path, seed: int) -> Iterator[Traffic]:
    """Send and ask."""
    traffic = Traffic(node, tmp_path / "sent", node.worklist.tokens.add("soak", Role.ADMINISTRATOR), seed)
    traffic.start()
    yield traffic
    traffic.stop()


def watch(node: RunningNode, pacs: Storescp, traffic: Traffic) -> list[Minute]:
    """Measure each minute and print it."""
    processes = psutil.Process(node.program.process.pid), psutil.Process(node.worker_pid)
    print("\nminute  " + "  ".join(one.name for one in fields(Minute)))
    minutes, before = [], used(processes)
    for number in range(1, MINUTES + 1):
        time.sleep(60)
        now = used(processes)
        share, before = 100 * (now - before) / 60, now
        minutes.append(Minute.of(*processes, share, len(traffic.studies), len(pacs.received())))
        values = zip(fields(Minute), astuple(minutes[-1]), strict=True)
        print(f"{number:6d}  " + "  ".join(f"{value:{len(one.name)}.0f}" for one, value in values), flush=True)
    return minutes


def used(processes: Sequence[psutil.Process]) -> float:
    """Return the processor's seconds of some processes so far."""
    return sum(sum(one.cpu_times()[:2]) for one in processes)


def reported(pacs: Storescp) -> set[str]:
    """Return the UIDs of the studies that the PACS has a report of."""
    return {str(dcmread(path, specific_tags=["StudyInstanceUID"]).StudyInstanceUID) for path in pacs.received()}


@pytest.mark.timeout(60 * MINUTES + 900)
def test_what_a_node_takes_stays_the_same(
    node: RunningNode, pacs: Storescp, traffic: Traffic, wait_for: Callable[..., Any]
) -> None:
    minutes = watch(node, pacs, traffic)
    worker_pid = node.worker_pid
    traffic.stop()
    wait_for(lambda: len(pacs.received()) >= len(traffic.studies), "the last reports", 300)
    assert reported(pacs) == set(traffic.studies)
    errors = ERRORS.findall(node.program.printed)
    print(f"{len(traffic.studies)} studies, as many reported; {len(errors)} errors, {len(traffic.troubles)} troubles")
    assert not traffic.troubles
    assert not errors
    assert node.worker_pid == worker_pid
    if MINUTES >= 2 * WARM_MINUTES:
        compare(typical(minutes[WARM_MINUTES - 1 :][:COMPARED_MINUTES]), typical(minutes[-COMPARED_MINUTES:]))


def compare(early: dict[str, float], late: dict[str, float]) -> None:
    """Print and hold to the bars what there was after five minutes and at the end."""
    for name in ("node_mb", "worker_mb", "node_threads", "worker_threads", "files", "sockets"):
        print(f"{name}: {early[name]:.0f} after {WARM_MINUTES} minutes, {late[name]:.0f} at the end")
    for name in ("node_mb", "worker_mb"):
        assert late[name] <= (1 + BAR_SHARE) * early[name], name
    for name in ("node_threads", "worker_threads", "files", "sockets"):
        assert late[name] <= early[name] + MORE, name
