"""Durable C-STORE from 1, 4 and 8 storescu, beside Orthanc and storescp in turn in one run, TCP_NODELAY=1 on all sides.

Each sender sends a study of its own. Orthanc syncs and indexes as the node does; storescp does neither.
"""

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from ct import head_ct
from ct_compressed import jpeg_2000
from nodes import RunningNode
from pacs import Orthanc, Storescp
from programs import run
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

ROUNDS = int(os.environ.get("TRIAGE_BENCH_ROUNDS", "4"))


@dataclass(frozen=True)
class Load:
    """What is sent at once: so many studies, each by a sender of its own."""

    senders: int
    slices: int
    syntax: str

    def __str__(self) -> str:
        return f"{self.senders} x {self.slices} {self.syntax}"


LOADS = [
    Load(senders, slices, syntax) for syntax in ("plain", "jpeg-2000") for slices in (40, 300) for senders in (1, 4, 8)
]
TRANSFER_SYNTAX = {"plain": (), "jpeg-2000": ("-xv",)}


def slice_of(syntax: str) -> Dataset:
    """Return an image of 512 x 512."""
    [ds] = head_ct(slices=1, size=(512, 512))
    return jpeg_2000(ds) if syntax == "jpeg-2000" else ds


def write_studies(load: Load, folder: Path) -> list[Path]:
    """Write the studies of a load, each with UIDs of its own."""
    ds, folders = slice_of(load.syntax), []
    for sender in range(load.senders):
        study = folder / f"study{sender}"
        study.mkdir(parents=True)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        for number in range(load.slices):
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            ds.save_as(study / f"{number:03d}.dcm")
        folders.append(study)
    return folders


def rate(port: int, studies: list[Path], syntax: str) -> float:
    """Send the studies at once and return instances a second."""

    def send(folder: Path) -> None:
        sent = run("storescu", "+sd", *TRANSFER_SYNTAX[syntax], "127.0.0.1", port, folder, timeout_seconds=120)
        assert sent.returncode == 0, sent.stderr

    start = time.perf_counter()
    with ThreadPoolExecutor(len(studies)) as senders:
        list(senders.map(send, studies))
    return sum(len(list(study.iterdir())) for study in studies) / (time.perf_counter() - start)


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[dict[str, int]]:
    """Return the port of each receiver; what it has received goes with it, as a load has up to 6 GB."""
    folder = tmp_path / "receivers"
    folder.mkdir()
    orthanc = Orthanc(folder / "orthanc")
    storescp = Storescp(folder / "storescp", ("+xa",))
    (folder / "node").mkdir()
    node = RunningNode(folder / "node", series_quiet_seconds=600, study_quiet_seconds=600)
    node.wait_ready()
    yield {"node": node.port, "Orthanc": orthanc.dicom_port, "storescp": storescp.port}
    for program in (node, orthanc, storescp):
        program.stop()
    shutil.rmtree(folder)


@pytest.mark.parametrize("load", LOADS, ids=str)
def test_rate(load: Load, ports: dict[str, int], tmp_path: Path) -> None:
    rates: dict[str, list[float]] = {name: [] for name in ports}
    for turn in range(ROUNDS + 1):
        studies = write_studies(load, tmp_path / str(turn))
        for name, port in ports.items():
            rates[name].append(rate(port, studies, load.syntax))
        shutil.rmtree(tmp_path / str(turn))
    rates = {name: of_all[1:] for name, of_all in rates.items()}  # the first turn warms up
    medians = {name: statistics.median(of_all) for name, of_all in rates.items()}
    ratios = {
        name: statistics.median(ours / theirs for ours, theirs in zip(rates["node"], rates[name], strict=True))
        for name in ("Orthanc", "storescp")
    }
    print(
        f"\n{load}, median of {ROUNDS}: "
        + ", ".join(f"{name} {of_all:.0f}/s" for name, of_all in medians.items())
        + f"; node / Orthanc {ratios['Orthanc']:.2f} (bar 1.5), node / storescp {ratios['storescp']:.2f} (bar 0.6)"
    )
