"""How fast a set in the RSNA-2019 form becomes an index and slices for the network, and whether memory grows with it.

The files hold one generated head again and again, half a megabyte each: the largest set takes 10 GB meanwhile.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from triage_node.findings import LABELS
from triage_node.train.phantom.dicom_series import generate_demo
from triage_node.train.recipe import read_recipe
from triage_node.train.rsna.dataset.tables import read_index, read_labels
from triage_node.train.rsna.shards.cache import open_cache
from triage_node.train.rsna.shards.slice_rows import bytes_per_plane
from triage_node.train.rsna.synthetic.generated_images import SIGNED, Names, write_images

SIZE = 512
SLICES_PER_SECOND, LARGEST_MB = 100, 1500
COMPETITION_IMAGES = 752_803
PATIENT, STUDY, SERIES, IMAGE = b"ID_aaaaaaaa", b"ID_bbbbbbbbbb", b"ID_cccccccccc", b"ID_ddddddddd"


@pytest.fixture(scope="module")
def slices(tmp_path_factory) -> list[bytes]:
    """A generated head as the files of its slices, their identifiers to be replaced."""
    volume, folder = generate_demo(3, size=SIZE).volume, tmp_path_factory.mktemp("template")
    images = tuple(f"ID_{k:09d}" for k in range(len(volume.hu)))
    write_images(folder, volume, Names(PATIENT.decode(), STUDY.decode(), SERIES.decode(), images), SIGNED)
    return [(folder / f"{image}.dcm").read_bytes().replace(image.encode(), IMAGE) for image in images]


@pytest.fixture
def folder(tmp_path) -> Iterator[Path]:
    """A folder that is gone after the test."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def write_set(folder: Path, count: int, slices: list[bytes]) -> None:
    """Write so many images, two studies a patient."""
    folder.mkdir()
    for number in range(count):
        study, image = number // len(slices), f"ID_{number:09x}"
        content = slices[number % len(slices)]
        head, pixels = content[: -2 * SIZE * SIZE], content[-2 * SIZE * SIZE :]
        head = head.replace(IMAGE, image.encode()).replace(PATIENT, f"ID_{study // 2:08x}".encode())
        head = head.replace(STUDY, f"ID_{study:010x}".encode()).replace(SERIES, f"ID_{study:010x}".encode())
        (folder / f"{image}.dcm").write_bytes(head + pixels)


def resident_mb(process: psutil.Popen) -> float:
    """Return the memory of a process and all it started."""
    found = 0
    for one in (process, *process.children(recursive=True)):
        try:
            found += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return found / 2**20


def measure(*arguments: str) -> tuple[float, float]:
    """Return seconds and peak memory in MB of a command below rsna, with the processes it starts."""
    start, peak = time.monotonic(), 0.0
    command = [sys.executable, "-m", "triage_node.train.cli", "rsna", *arguments]
    with psutil.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, resident_mb(process))
            time.sleep(0.05)
    assert process.returncode == 0
    return time.monotonic() - start, peak


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("count", [1_000, 20_000])
def test_a_set_is_indexed_and_made_into_slices(folder, slices, count):
    write_set(folder / "images", count, slices)
    out = str(folder / "out")
    indexing, index_mb = measure("index", str(folder / "images"), "--out", out, "--workers", "2")
    assert read_index(folder / "out").table.num_rows == count
    sharding, shards_mb = measure("shards", out, "--workers", "2")
    usable = sum(map(len, open_cache(folder / "out" / "shards").series))
    assert usable == count
    rate = count / (indexing + sharding)
    print(
        f"\n{count:,} slices of {SIZE} x {SIZE}: index {count / indexing:.0f}/s, {index_mb:.0f} MB at most; shards "
        f"{count / sharding:.0f}/s, {shards_mb:.0f} MB at most; together {rate:.0f}/s, bars {SLICES_PER_SECOND}/s and "
        f"{LARGEST_MB} MB; load {os.getloadavg()[0]:.1f}; {COMPETITION_IMAGES:,} images: "
        f"{COMPETITION_IMAGES / rate / 3600:.1f} h, "
        f"{COMPETITION_IMAGES * bytes_per_plane(read_recipe().geometry) / 1e9:.0f} GB"
    )


def test_labels_of_the_whole_competition_are_read(folder):
    csv = folder / "stage_2_train.csv"
    with csv.open("w") as stream:
        stream.write("ID,Label\n")
        for number in range(COMPETITION_IMAGES):
            image = f"ID_{number * 2654435761 % 16**9:09x}"
            stream.writelines(f"{image}_{label},{int(number % 7 == 0)}\n" for label in LABELS)
    seconds, peak_mb = measure("labels", str(csv), "--out", str(folder / "out"))
    assert read_labels(folder / "out").table.num_rows == COMPETITION_IMAGES
    print(f"\n{len(LABELS) * COMPETITION_IMAGES:,} rows in {seconds:.1f} s, {peak_mb:.0f} MB at most")
