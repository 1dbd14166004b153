"""Durable C-STORE from one storescu, ours beside Orthanc's, in turn in one run, TCP_NODELAY=1 on both sides."""

import statistics
import time

import pytest
from ct import head_ct
from nodes import RunningNode
from pacs import Orthanc
from programs import run
from pydicom.uid import generate_uid

IMAGES, ROUNDS = 200, 5


@pytest.fixture
def folders(tmp_path):
    """As many folders of 512 x 512 images as there are rounds, each with UIDs of its own."""
    [ds] = head_ct(slices=1, size=(512, 512))
    made = []
    for number in range(ROUNDS + 1):
        folder = tmp_path / f"images{number}"
        folder.mkdir()
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        for image in range(IMAGES):
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            ds.save_as(folder / f"{image:03d}.dcm")
        made.append(folder)
    return made


def rate(port: int, folder) -> float:
    start = time.perf_counter()
    sent = run("storescu", "+sd", "127.0.0.1", port, folder)
    assert sent.returncode == 0, sent.stderr
    return IMAGES / (time.perf_counter() - start)


def test_rate(folders, tmp_path):
    (tmp_path / "pacs").mkdir()
    (tmp_path / "node").mkdir()
    orthanc = Orthanc(tmp_path / "pacs")
    node = RunningNode(tmp_path / "node", series_quiet_seconds=600, study_quiet_seconds=600)
    node.wait_ready()
    try:
        ours, theirs = [], []
        for folder in folders:
            ours.append(rate(node.port, folder))
            theirs.append(rate(orthanc.dicom_port, folder))
    finally:
        node.stop()
        orthanc.stop()
    ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
    print(
        f"\ndurable C-STORE, one storescu, {IMAGES} images of 512 x 512, median of {ROUNDS}: "
        f"node {statistics.median(ours[1:]):.0f}/s, Orthanc {statistics.median(theirs[1:]):.0f}/s, "
        f"ratio {statistics.median(ratios):.2f} (lowest {min(ratios):.2f}; the bar is 0.8)"
    )
