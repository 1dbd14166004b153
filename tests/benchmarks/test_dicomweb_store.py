"""Durable STOW-RS of a study of 512 x 512 slices, ours beside Orthanc's DICOMweb plugin, in turn in one run.

Both write to the disk before they answer (Orthanc: SyncStorageArea), both have TcpNoDelay and KeepAlive on.
TRIAGE_BENCH_IMAGES makes another number of slices.
"""

import http.client
import os
import statistics
import time

import pytest
from ct import head_ct, save
from multipart import CONTENT_TYPE, body_of_files
from nodes import RunningNode
from pacs import Orthanc
from pydicom.uid import generate_uid

IMAGES = int(os.environ.get("TRIAGE_BENCH_IMAGES", 200))
ROUNDS = 5


@pytest.fixture
def bodies(tmp_path):
    """As many requests as there are rounds and one to warm up, each with UIDs of its own."""
    [ds] = head_ct(slices=1, size=(512, 512))
    made = []
    for number in range(ROUNDS + 1):
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        files = []
        for _ in range(IMAGES):
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            files += save([ds], tmp_path / f"images{number}")
        made.append(body_of_files(files))
    return made


def rate(port, path, body, headers) -> float:
    """Images a second over a connection of their own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300, blocksize=1 << 20)
    start = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": CONTENT_TYPE, "Accept": "application/dicom+json"} | headers)
    answer = connection.getresponse()
    content = answer.read()
    seconds = time.perf_counter() - start
    connection.close()
    assert answer.status == 200, content[:500]
    return IMAGES / seconds


def test_rate(bodies, tmp_path):
    for name in ("pacs", "node"):
        (tmp_path / name).mkdir()
    orthanc = Orthanc(tmp_path / "pacs", dicomweb_servers={})
    node = RunningNode(tmp_path / "node", series_quiet_seconds=600, study_quiet_seconds=600)
    node.wait_ready()
    try:
        token = node.command("token", "add", "bench").stdout.strip()
        ours, theirs = [], []
        node_port = int(node.web_address.rpartition(":")[2])
        for body in bodies:
            ours.append(rate(node_port, "/dicomweb/studies", body, {"Authorization": f"Bearer {token}"}))
            theirs.append(rate(orthanc.http_port, "/dicom-web/studies", body, {}))
    finally:
        node.stop()
        orthanc.stop()
    ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
    print(
        f"\ndurable STOW-RS, {IMAGES} images of 512 x 512 a request, median of {ROUNDS}; Orthanc with TcpNoDelay, "
        f"KeepAlive and SyncStorageArea: node {statistics.median(ours[1:]):.0f}/s, "
        f"Orthanc {statistics.median(theirs[1:]):.0f}/s, ratio {statistics.median(ratios):.2f} "
        f"(lowest {min(ratios):.2f}; the bar is 1.5)"
    )
