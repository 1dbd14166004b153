"""Durable C-STORE over TLS beside the plain port of the same node, in turn in one run: 1, 4 and 8 storescu."""

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from certificates import Authority, Issued
from ct import head_ct
from nodes import RunningNode
from programs import run
from pydicom.uid import generate_uid

ROUNDS = int(os.environ.get("TRIAGE_BENCH_ROUNDS", "4"))
SLICES = 80


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def sender(authority: Authority) -> Issued:
    return authority.issue("ct1", "ct1")


@pytest.fixture(scope="module")
def node(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node with both ports, which wants the certificates of senders."""
    issued = authority.issue("node", days=90)
    node = RunningNode(
        tmp_path_factory.mktemp("node"),
        dicom_tls_port=0,
        dicom_tls_certificate=str(issued.certificate),
        dicom_tls_key=str(issued.key),
        dicom_tls_ca=str(authority.ca),
        series_quiet_seconds=600.0,
        study_quiet_seconds=600.0,
    )
    node.wait_ready()
    yield node
    node.stop()


def write_studies(senders: int, folder: Path) -> list[Path]:
    """Write a study of images of 512 x 512 for each sender."""
    [ds] = head_ct(slices=1, size=(512, 512))
    folders = []
    for sender in range(senders):
        study = folder / f"study{sender}"
        study.mkdir(parents=True)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        for number in range(SLICES):
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            ds.save_as(study / f"{number:03d}.dcm")
        folders.append(study)
    return folders


def rate(port: int, studies: list[Path], options: tuple[object, ...] = ()) -> float:
    """Send the studies at once and return instances a second."""

    def send(folder: Path) -> None:
        sent = run("storescu", *options, "+sd", "127.0.0.1", port, folder, timeout_seconds=120)
        assert sent.returncode == 0, sent.stderr

    start = time.perf_counter()
    with ThreadPoolExecutor(len(studies)) as pool:
        list(pool.map(send, studies))
    return len(studies) * SLICES / (time.perf_counter() - start)


@pytest.mark.parametrize("senders", [1, 4, 8])
def test_rate(senders: int, node: RunningNode, authority: Authority, sender: Issued, tmp_path: Path) -> None:
    certificates = ("+tls", sender.key, sender.certificate, "+cf", authority.ca)
    ways: dict[str, tuple[int, tuple[object, ...]]] = {"plain": (node.port, ()), "TLS": (node.tls_port, certificates)}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name in sorted(ways, reverse=turn % 2 == 0):
            # What the node knows already is not written again.
            studies = write_studies(senders, tmp_path / f"{turn}-{name}")
            port, options = ways[name]
            rates[name].append(rate(port, studies, options))
            shutil.rmtree(tmp_path / f"{turn}-{name}")
    rates = {name: of_all[1:] for name, of_all in rates.items()}  # the first turn warms up
    ratio = statistics.median(tls / plain for tls, plain in zip(rates["TLS"], rates["plain"], strict=True))
    print(
        f"\n{senders} x {SLICES}, median of {ROUNDS}: "
        + ", ".join(f"{name} {statistics.median(of_all):.0f}/s" for name, of_all in rates.items())
        + f"; TLS / plain {ratio:.2f} (bar 0.6)"
    )
