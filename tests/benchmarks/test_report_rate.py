"""Milliseconds to build the report of 300 slices in its three classes: the first of a process, and the median.

Processor time of the one thread that does it, which other programs of the machine change least, and the clock's.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from triage_node.findings import LABELS, ModelIdentity, Prediction
from triage_node.imaging import scan
from triage_node.models import read_manifest
from triage_node.pipeline.calibration import calibrations_of
from triage_node.pipeline.reporting import report_files
from triage_node.report import (
    BestSlice,
    ReportContent,
    VisualExplanation,
    build_report,
    preload,
    referenced,
    report_variants,
)

SLICES = 300
ROUNDS = 30


def content_of(folder: Path) -> ReportContent:
    """Return what a worker has when it comes to report: every label flagged, and a picture."""
    [series] = scan([folder]).series
    sources = tuple(instance.header for instance in series.instances)
    uids = [(str(one.StudyInstanceUID), str(one.SeriesInstanceUID), str(one.SOPInstanceUID)) for one in sources]
    scores = np.full((SLICES, len(LABELS)), 0.9, np.float32)
    manifest = read_manifest("default")
    best = BestSlice(uids[0][2], str(sources[0].SOPClassUID))
    return ReportContent(
        sources=sources,
        prediction=Prediction(manifest.identity, dict.fromkeys(LABELS, 0.9), scores, flagged=LABELS),
        model=ModelIdentity("net", "1", "ab" * 32),
        node_version="1",
        device_uid="2.25.7777",
        station_name="TRIAGE",
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        best_slices=dict.fromkeys(LABELS, best),
        received=tuple(referenced(*one, str(sources[0].SOPClassUID)) for one in uids),
        calibrations=calibrations_of(manifest),
        series_analyzed="Series 2: 300 slices.",
        revision=1,
        explanation=VisualExplanation(LABELS[0], np.zeros((512, 512, 3), np.uint8)),
    )


def milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return processor time and the clock's of some work."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.process_time() - processor), 1000 * (time.perf_counter() - clock)


def build(content: ReportContent) -> None:
    fresh = replace(content)  # without what the last round found
    report_variants(build_report(fresh))


def test_the_report_of_300_slices_is_built_fast(tmp_path):
    from ct import head_ct, save

    save(head_ct(slices=SLICES, size=(32, 32), thickness_mm=0.5), tmp_path / "study")
    run = subprocess.run([sys.executable, __file__, tmp_path / "study"], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    print(f"\n{run.stdout}")


if __name__ == "__main__":
    content = content_of(Path(sys.argv[1]))
    preload()  # as a worker does before it is ready
    first = milliseconds(lambda: build(content))
    rounds = [milliseconds(lambda: build(content)) for _ in range(ROUNDS)]
    median = [statistics.median(one) for one in zip(*rounds, strict=True)]
    files: list[bytes] = []
    written = milliseconds(lambda: files.extend(report_files(build_report(content)).values()))
    for name, (processor, clock) in {"first (the bar is 200)": first, f"median of {ROUNDS} (100)": median}.items():
        print(f"report of {SLICES} slices, {name}: {processor:.0f} ms of processor time, {clock:.0f} ms")
    print(
        f"written to {len(files)} files, {sum(map(len, files)) / 1000:.0f} kB: {written[0]:.0f} ms, {written[1]:.0f} ms"
    )
