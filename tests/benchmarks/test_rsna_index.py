"""How fast the label CSV and the headers of the RSNA-2019 form are read, and whether memory grows with the set."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from triage_node.findings import LABELS
from triage_node.imaging.volume import Volume
from triage_node.train.rsna.generated_images import SIGNED, Names, write_images
from triage_node.train.rsna.tables import read_index, read_labels

SIZE, SLICES = 512, 32
SLICES_PER_SECOND, LARGEST_MB = 100, 1500
COMPETITION_IMAGES = 752_803
PATIENT, STUDY, SERIES, IMAGE = b"ID_aaaaaaaa", b"ID_bbbbbbbbbb", b"ID_cccccccccc", b"ID_ddddddddd"


def template(folder: Path) -> list[bytes]:
    """Return the headers of a series' slices."""
    positions = 5.0 * np.arange(SLICES)
    volume = Volume(np.zeros((SLICES, SIZE, SIZE), np.float32), (5.0, 0.45, 0.45), positions)
    images = tuple(f"ID_{k:09d}" for k in range(SLICES))
    write_images(folder, volume, Names(PATIENT.decode(), STUDY.decode(), SERIES.decode(), images), SIGNED)
    contents = [(folder / f"{image}.dcm").read_bytes() for image in images]
    headers = [content[: -2 * SIZE * SIZE] for content in contents]
    return [header.replace(f"ID_{k:09d}".encode(), IMAGE) for k, header in enumerate(headers)]


def write_set(folder: Path, count: int, headers: list[bytes]) -> None:
    """Write images whose pixels are holes in the file: full length, hardly any disk."""
    folder.mkdir()
    for number in range(count):
        study, image = number // SLICES, f"ID_{number:09x}"
        header = headers[number % SLICES].replace(IMAGE, image.encode())
        header = header.replace(PATIENT, f"ID_{study // 2:08x}".encode()).replace(STUDY, f"ID_{study:010x}".encode())
        header = header.replace(SERIES, f"ID_{study:010x}".encode())
        with (folder / f"{image}.dcm").open("wb") as file:
            file.write(header)
            file.truncate(len(header) + 2 * SIZE * SIZE)


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


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_headers_are_indexed(tmp_path, count):
    write_set(tmp_path / "images", count, template(tmp_path / "template"))
    seconds, peak_mb = measure("index", str(tmp_path / "images"), "--out", str(tmp_path / "out"), "--workers", "2")
    assert read_index(tmp_path / "out").table.num_rows == count
    print(f"{count:,} slices in {seconds:.1f} s: {count / seconds:.0f} slices/s, bar {SLICES_PER_SECOND};", end=" ")
    print(f"{peak_mb:.0f} MB at most, bar {LARGEST_MB}")


def test_labels_of_the_whole_competition_are_read(tmp_path):
    csv = tmp_path / "stage_2_train.csv"
    with csv.open("w") as stream:
        stream.write("ID,Label\n")
        for number in range(COMPETITION_IMAGES):
            image = f"ID_{number * 2654435761 % 16**9:09x}"
            stream.writelines(f"{image}_{label},{int(number % 7 == 0)}\n" for label in LABELS)
    seconds, peak_mb = measure("labels", str(csv), "--out", str(tmp_path / "out"))
    assert read_labels(tmp_path / "out").table.num_rows == COMPETITION_IMAGES
    print(f"{len(LABELS) * COMPETITION_IMAGES:,} rows in {seconds:.1f} s, {peak_mb:.0f} MB at most")
