"""How a scan's rate grows from one process to two, and what the engine costs beside the analysis itself.

Everything is measured in one run, in turn: without an engine, with one process, with two. Where other work shares the
processors, seconds of processors say more than those that pass.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import pytest

SUPPORT = Path(__file__).parents[1] / "support"
STUDIES = int(os.environ.get("TRIAGE_BENCH_SCAN_STUDIES", 12))
ROUNDS = int(os.environ.get("TRIAGE_BENCH_SCAN_ROUNDS", 3))
LEAST_GROWTH, LARGEST_OVERHEAD = 1.7, 0.05


def make_archive(folder: Path) -> None:
    """Write studies of 32 slices of 512 x 512 that differ in their UIDs."""
    from archives import write
    from ct import head_ct
    from pydicom.uid import generate_uid

    images = head_ct(slices=32, size=(512, 512), lesion="epidural")
    for number in range(STUDIES):
        study, series = generate_uid(), generate_uid()
        for ds in images:
            ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        write(folder / f"{number}", *images)


@dataclass(frozen=True)
class Cost:
    """What a study takes: seconds that pass, and seconds of processors, of this process and all it started."""

    seconds: float
    processor_seconds: float


def processor_seconds() -> float:
    """Return what this process and those that live below it have used."""
    me = psutil.Process()
    used = me.cpu_times()
    total = used.user + used.system
    for one in me.children(recursive=True):
        try:
            used = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total


def steady_cost(answers: Iterator[Sequence[object]], processes: int) -> Cost:
    """Return the cost of a study once all processes are busy, and as long as they are."""
    moments = [(time.perf_counter(), processor_seconds()) for answered in answers for _ in answered]
    first, last = 2 * processes - 1, len(moments) - 1 - processes
    return Cost(*((end - start) / (last - first) for start, end in zip(moments[first], moments[last], strict=True)))


def measure() -> dict[str, object]:
    """Return seconds a study of each kind, and how long the listing of a study took."""
    import numpy as np

    from triage_node.archive.analyzer import AnalyzerOptions, LoadedAnalyzer, Task
    from triage_node.archive.engine import Cluster
    from triage_node.archive.folder import FolderArchive
    from triage_node.archive.index_rows import as_table
    from triage_node.archive.parts import Parts
    from triage_node.archive.ray_engine import RayEngine
    from triage_node.archive.result import Result
    from triage_node.archive.study_list import StudyList

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_archive(folder / "archive")
        archive = FolderArchive(folder / "archive")
        start, index, rows = time.perf_counter(), Parts(folder / "index"), 0
        for number, batch in enumerate(archive.batches("")):
            table = as_table(archive.index(batch))
            index.write(number, table)
            rows += len(table)
        studies = StudyList(folder / "studies")
        studies.make(index, rows)
        listing = (time.perf_counter() - start) / STUDIES
        tasks = [Task(study) for study in studies.studies(np.zeros(STUDIES, bool))]
        options = AnalyzerOptions(archive, "default")
        found: dict[str, list[Cost]] = {"alone": [], "one": [], "two": []}
        analyzer = LoadedAnalyzer(options)
        for number in range(ROUNDS):
            found["alone"].append(steady_cost(([analyzer.analyze(task)] for task in tasks), 1))
            for kind, processes in (("one", 1), ("two", 2)):
                result = Result(folder / f"{kind} {number}", with_patient=False)
                result.recover()
                with RayEngine(Cluster(workers=processes)) as engine:
                    answers = engine.analyze(options, tasks)
                    found[kind].append(steady_cost(((result.add(one), one)[1] for one in answers), processes))
    return {kind: [asdict(one) for one in costs] for kind, costs in found.items()} | {"listing": listing}


@pytest.mark.slow
def test_two_processes_scan_faster_than_one_and_the_engine_costs_little():
    threads = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT), **threads}
    before = os.getloadavg()[0]
    command = [sys.executable, "-P", __file__]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr[-3000:]
    found = json.loads(ended.stdout.splitlines()[-1])

    def of(kind: str, what: str) -> list[float]:
        return [one[what] for one in found[kind]]

    def ratios(what: str, above: str, below: str) -> list[float]:
        return [one / other for one, other in zip(of(above, what), of(below, what), strict=True)]

    growth, used = ratios("seconds", "one", "two"), ratios("processor_seconds", "two", "one")
    overhead, added = ratios("seconds", "one", "alone"), ratios("processor_seconds", "one", "alone")
    print(f"\n{STUDIES} studies of 32 x 512 x 512, one thread a process, {ROUNDS} rounds in turn")
    for what in ("seconds", "processor_seconds"):
        medians = (f"{kind} {statistics.median(of(kind, what)):.2f}" for kind in ("alone", "one", "two"))
        print(f"{what.replace('_', ' ')} a study, without an engine, with one process and two: {', '.join(medians)}")
    print(
        f"growth from one process to two: {_shown(growth)} (the bar is {LEAST_GROWTH}); processor seconds a study of "
        f"two to those of one: {_shown(used)}"
        f"\nengine and one process to no engine: {_shown(overhead)}, in processor seconds {_shown(added)} (the bar is "
        f"{1 + LARGEST_OVERHEAD})"
        f"\nlisting and grouping: {found['listing'] * 1000:.0f} ms a study; load {before:.1f} at the start, "
        f"{os.getloadavg()[0]:.1f} at the end"
    )
    if os.getloadavg()[0] < (os.cpu_count() or 1) + 1:
        assert statistics.median(growth) >= LEAST_GROWTH
        assert statistics.median(overhead) <= 1 + LARGEST_OVERHEAD


def _shown(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    print(json.dumps(measure()))
