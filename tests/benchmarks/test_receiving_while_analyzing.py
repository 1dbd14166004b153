"""Does a node that receives slow its own analysis, or that its receiving, beyond what two programs on two cores must?

Two equal nodes: A analyzes a head CT of 300 slices while studies of 300 images are sent to A itself (*together*), or to
B (*apart*). Apart, nothing is shared but the machine, and the analysis has the same niceness: what together costs more
than apart is what the parts of one node cost one another (the interpreter, the database, the spool).
"""

import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ct import head_ct, save
from nodes import RunningNode
from programs import run
from pydicom.uid import generate_uid

ROUNDS = int(os.environ.get("TRIAGE_BENCH_ROUNDS", "3"))
SLICES = 300
MR = "1.2.840.10008.5.1.4.1.1.4"
FINISHED = re.compile(r"study_finished .* status=analyzed .* seconds=([\d.]+)")
BAR = 1.2


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningNode]]:
    """Start A and B; a head CT is analyzed as soon as its series is quiet, nothing else is ever complete."""
    started = {}
    for name in "AB":
        folder = tmp_path_factory.mktemp(name)
        started[name] = RunningNode(folder, series_quiet_seconds=1.0, study_quiet_seconds=3600)
    for node in started.values():
        node.wait_ready()
    yield started
    for node in started.values():
        node.stop()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 300 images of 512 x 512 that nobody will analyze."""
    written = head_ct(slices=1, size=(512, 512), SOPClassUID=MR, Modality="MR") * SLICES
    folder = tmp_path_factory.mktemp("images")
    for number, ds in enumerate(written):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.save_as(folder / f"{number:03d}.dcm")
    return folder


class Head:
    """A head CT of 300 slices, each time as another study."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._images = head_ct(slices=SLICES, size=(512, 512), thickness_mm=0.5, lesion="epidural")

    def send(self, node: RunningNode) -> str:
        """Send it to a node; return the study's UID."""
        study, series = generate_uid(), generate_uid()
        for ds in self._images:
            ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        assert node.storescu(*save(self._images, self._folder)).returncode == 0
        return str(study)


def receive(node: RunningNode, images: Path) -> float:
    """Send the images as new ones, and return how many were received a second."""
    start = time.perf_counter()
    sent = run("storescu", "+sd", "+II", "127.0.0.1", node.port, images, timeout_seconds=300)
    assert sent.returncode == 0, sent.stderr
    return SLICES / (time.perf_counter() - start)


def analyze(
    node: RunningNode, head: Head, wait_for: Callable[..., Any], meanwhile: Callable[[], float] | None = None
) -> tuple[float, list[float]]:
    """Let a node analyze; return the seconds it took, and the rates of what was received whole meanwhile."""
    before = len(FINISHED.findall(node.program.printed))
    study, rates = head.send(node), []
    wait_for(lambda: node.state(study) == "analyzing", "the start of the analysis", 60)
    while meanwhile is not None and node.state(study) == "analyzing":
        rate = meanwhile()
        if node.state(study) == "analyzing":
            rates.append(rate)
    seconds = wait_for(lambda: FINISHED.findall(node.program.printed)[before:], "the end of the analysis", 300)
    return float(seconds[0]), rates


@pytest.mark.timeout(1800)
def test_receiving_while_analyzing(
    nodes: dict[str, RunningNode], images: Path, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    a, b = nodes["A"], nodes["B"]
    head = Head(tmp_path / "head")
    seconds: dict[str, list[float]] = {"alone": [], "together": [], "apart": []}
    rates: dict[str, list[float]] = {"alone": [], "together": [], "apart": []}
    for turn in range(ROUNDS + 1):  # the first turn warms up
        found = {
            "alone": (analyze(a, head, wait_for)[0], [receive(a, images)]),
            "together": analyze(a, head, wait_for, lambda: receive(a, images)),
            "apart": analyze(a, head, wait_for, lambda: receive(b, images)),
        }
        for how, (taken, received) in found.items() if turn else ():
            seconds[how].append(taken)
            rates[how] += received
    print(f"\n{SLICES} slices of 512 x 512, medians of {ROUNDS} turns, {os.cpu_count()} cores:")
    for how in seconds:
        several = f" ({len(rates[how])} studies)"
        print(
            f"  {how}: analysis {statistics.median(seconds[how]):.1f} s, received "
            f"{statistics.median(rates[how]) if rates[how] else float('nan'):.0f}/s{several}"
        )
    slower = statistics.median(seconds["together"]) / statistics.median(seconds["apart"])
    fewer = statistics.median(rates["apart"]) / statistics.median(rates["together"])
    print(f"  together costs the analysis {slower:.2f} times, receiving {fewer:.2f} times of apart (bar {BAR})")
