"""Does a node that receives slow its own analysis, or that its receiving, beyond what two programs on two cores must?

Two equal nodes: A analyzes a head CT of 300 slices while 300 images are sent to A itself, again and again (*together*),
or to B (*apart*). Apart, nothing is shared but the machine, and the analysis has the same niceness: what together costs
more than apart is what the parts of one node cost one another (the interpreter, the database, the spool).
"""

import os
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ct import head_ct, save
from nodes import RunningNode
from programs import run
from pydicom.uid import generate_uid
from unanalyzed import SLICES

from triage_node.storage import Layout

ROUNDS = int(os.environ.get("TRIAGE_BENCH_ROUNDS", "5"))
FINISHED = re.compile(r"study_finished .* status=analyzed .* seconds=([\d.]+)")
HOW = ("alone", "together", "apart")
ALONE_SECONDS = 5.0
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


class Stream(threading.Thread):
    """Send the images again and again, each time as another study, until it is stopped."""

    def __init__(self, node: RunningNode, images: Path) -> None:
        super().__init__(name="stream", daemon=True)
        self._node, self._images = node, images
        self._stopping = threading.Event()
        self.start()

    def run(self) -> None:
        """Send."""
        while not self._stopping.is_set():
            sent = run("storescu", "+sd", "+II", "127.0.0.1", self._node.port, self._images, timeout_seconds=300)
            assert sent.returncode == 0, sent.stderr

    def received(self) -> int:
        """Return how many instances the node has filed."""
        return len(self._filed())

    def stop(self) -> None:
        """End after the images that are on their way."""
        self._stopping.set()
        self.join()
        for path in self._filed():
            path.unlink()  # the next stream needs the room

    def _filed(self) -> list[Path]:
        return list(Layout.of(Path(self._node.options["data_dir"])).studies.glob("*/*/*.dcm"))


def rate_for(stream: Stream, seconds: float) -> float:
    """Return how many instances a second are received from now on for some seconds."""
    begin, start = stream.received(), time.perf_counter()
    time.sleep(seconds)
    return (stream.received() - begin) / (time.perf_counter() - start)


def analyze(node: RunningNode, head: Head, wait_for: Callable[..., Any], stream: Stream | None) -> tuple[float, float]:
    """Let a node analyze; return the seconds it took, and how many instances a second were received meanwhile."""
    before = len(FINISHED.findall(node.program.printed))
    study = head.send(node)
    wait_for(lambda: node.state(study) == "analyzing", "the start of the analysis", 60)
    begin, start = stream.received() if stream else 0, time.perf_counter()
    [seconds] = wait_for(lambda: FINISHED.findall(node.program.printed)[before:], "the end of the analysis", 300)
    received = stream.received() - begin if stream else 0
    return float(seconds), received / (time.perf_counter() - start)


def measured(
    how: str, nodes: dict[str, RunningNode], head: Head, images: Path, wait_for: Callable[..., Any]
) -> tuple[float, float]:
    """Return the seconds of an analysis and instances received a second."""
    a, b = nodes["A"], nodes["B"]
    seconds = analyze(a, head, wait_for, None)[0] if how == "alone" else 0.0
    stream = Stream(b if how == "apart" else a, images)
    try:
        before = stream.received()
        wait_for(lambda: stream.received() > before, "the first images")
        return (seconds, rate_for(stream, ALONE_SECONDS)) if how == "alone" else analyze(a, head, wait_for, stream)
    finally:
        stream.stop()


@pytest.mark.timeout(1800)
def test_receiving_while_analyzing(
    nodes: dict[str, RunningNode], images: Path, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    head = Head(tmp_path / "head")
    found: dict[str, list[tuple[float, float]]] = {how: [] for how in HOW}
    for turn in range(ROUNDS + 1):
        for how in (*HOW[turn % 3 :], *HOW[: turn % 3]):
            one = measured(how, nodes, head, images, wait_for)
            if turn:  # the first turn warms up
                found[how].append(one)
    print(f"\n{SLICES} slices of 512 x 512, medians of {ROUNDS} turns, {os.cpu_count()} cores:")
    seconds = {how: statistics.median(one for one, _ in of_all) for how, of_all in found.items()}
    rates = {how: statistics.median(one for _, one in of_all) for how, of_all in found.items()}
    for how in HOW:
        print(f"  {how}: analysis {seconds[how]:.1f} s, received {rates[how]:.0f}/s")
    slower, fewer = seconds["together"] / seconds["apart"], rates["apart"] / rates["together"]
    print(f"  together costs the analysis {slower:.2f} times, receiving {fewer:.2f} times of apart (bar {BAR})")
