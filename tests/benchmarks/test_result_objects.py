"""How long the objects beside a report take to make, and how large they are, on one core."""

import io
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from ct import head_ct
from pydicom.dataset import Dataset

from triage_node.findings import LABELS, Calibration, Label, ModelIdentity, Prediction
from triage_node.imaging import SourceSlice
from triage_node.report import (
    BestSlice,
    ReportContent,
    ShownSlice,
    build_key_objects,
    build_pdf,
    build_report,
    build_summary,
)

MODEL = ModelIdentity("net", "1", "ab" * 32)
TYPES = (Label.SUBDURAL, Label.EPIDURAL, Label.SUBARACHNOID)
RUNS = 20


@pytest.fixture(scope="module")
def images() -> list[Dataset]:
    """A series of 300 slices; their matrix does not matter here."""
    return head_ct(slices=300, size=(16, 16))


@pytest.fixture(scope="module")
def shown(images) -> tuple[ShownSlice, ...]:
    """Three slices of 512 by 512 pixels."""
    rng = np.random.default_rng(0)
    places = enumerate(zip(TYPES, images, strict=False), start=1)
    return tuple(
        ShownSlice(
            (label,),
            rng.normal(40, 20, (512, 512)).astype(np.float32),
            (0.5, 0.5),
            (SourceSlice(str(ds.SOPInstanceUID), str(ds.SOPClassUID), None, number, 5.0 * number),),
        )
        for number, (label, ds) in places
    )


@pytest.fixture(scope="module")
def report(images, shown) -> Dataset:
    """Three types are flagged."""
    scores = dict.fromkeys(LABELS, 0.9)
    prediction = Prediction(MODEL, scores, np.full((300, 6), 0.5, np.float32), (*TYPES, Label.ANY))
    best = {one.labels[0]: BestSlice(one.sources[0].sop_instance_uid, one.sources[0].sop_class_uid) for one in shown}
    return build_report(
        ReportContent(
            sources=tuple(images),
            prediction=prediction,
            model=MODEL,
            node_version="0.1.0",
            device_uid="2.25.7777",
            station_name="TRIAGE",
            created_at=datetime(2026, 3, 2, tzinfo=UTC),
            best_slices=best,
            calibrations=dict.fromkeys(LABELS, Calibration(0.8, 0.4)),
        )
    )


@pytest.mark.benchmark
@pytest.mark.parametrize("name", ["summary", "key objects", "PDF"])
def test_time_and_size_of_each_object(name, report, shown, capsys):
    make: dict[str, Callable[[], Dataset]] = {
        "summary": lambda: build_summary(report, shown),
        "key objects": lambda: build_key_objects(report),
        "PDF": lambda: build_pdf(report),
    }
    start = time.perf_counter()
    file = io.BytesIO()
    make[name]().save_as(file, enforce_file_format=True)
    first = time.perf_counter() - start
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        make[name]()
        times.append(time.perf_counter() - start)
    with capsys.disabled():
        size = file.tell() / 1024
        print(f"\n{name}: {statistics.median(times) * 1000:.0f} ms (the first {first * 1000:.0f} ms), {size:.0f} KiB")
