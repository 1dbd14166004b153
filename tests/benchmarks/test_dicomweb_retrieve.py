"""A study of 300 slices over WADO-RS, ours beside Orthanc's DICOMweb plugin, in turn in one run."""

import http.client
import statistics
import time
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from ct import head_ct
from nodes import RunningNode
from pacs import Orthanc
from programs import run
from pydicom.uid import generate_uid

IMAGES, ROUNDS = 300, 5
WORKER_SECONDS = 600
ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'


@pytest.fixture
def study(tmp_path):
    """A folder of uncompressed images of 512 x 512, and their Study Instance UID."""
    folder = tmp_path / "study"
    folder.mkdir()
    [ds] = head_ct(slices=1, size=(512, 512))
    for image in range(IMAGES):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.InstanceNumber = image + 1
        ds.save_as(folder / f"{image:03d}.dcm", enforce_file_format=True)
    return folder, str(ds.StudyInstanceUID)


class Server:
    """One end that is asked for the study again and again over one connection."""

    def __init__(self, address: str, path: str, headers: dict[str, str]) -> None:
        parts = urlsplit(address)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
        self.path, self.headers = path, {"Accept": ACCEPT} | headers

    def retrieve(self) -> tuple[float, int]:
        """Return the seconds a retrieve took and the bytes that came."""
        memory, size = memoryview(bytearray(1 << 20)), 0
        start = time.perf_counter()
        self.connection.request("GET", self.path, headers=self.headers)
        answer = self.connection.getresponse()
        while read := answer.readinto(memory):
            size += read
        assert answer.status == 200
        return time.perf_counter() - start, size


@pytest.mark.timeout(1200)
def test_retrieve_of_a_study(study, tmp_path, wait_for):
    folder, uid = study
    (tmp_path / "node").mkdir()
    orthanc = Orthanc(tmp_path / "pacs", dicomweb_servers={})
    node = RunningNode(tmp_path / "node", series_quiet_seconds=600, study_quiet_seconds=600)
    try:
        node.program.wait_for("worker_ready", WORKER_SECONDS)
        for port in (node.port, orthanc.dicom_port):
            assert run("storescu", "+sd", "127.0.0.1", port, folder).returncode == 0
        wait_for(lambda: len(node.worklist.stored_instances.find(uid)) == IMAGES, "registering the images")
        token = node.command("token", "add", "viewer").stdout.strip()
        ours = Server(node.web_address, f"/dicomweb/studies/{uid}", {"Authorization": f"Bearer {token}"})
        theirs = Server(f"http://127.0.0.1:{orthanc.http_port}", f"/dicom-web/studies/{uid}", {})
        with closing(ours.connection), closing(theirs.connection):
            taken = [(ours.retrieve(), theirs.retrieve()) for _ in range(ROUNDS + 1)][1:]
    finally:
        node.stop()
        orthanc.stop()
    content = sum(path.stat().st_size for path in folder.iterdir())
    assert all(size > content for pair in taken for _, size in pair)
    ratios = [theirs / ours for (ours, _), (theirs, _) in taken]
    medians = [statistics.median(pair[side][0] for pair in taken) for side in (0, 1)]
    print(
        f"\nWADO-RS, a study of {IMAGES} images of 512 x 512, one connection, median of {ROUNDS}: "
        f"node {content / medians[0] / 1e6:.0f} MB/s, Orthanc (TcpNoDelay, KeepAlive) {content / medians[1] / 1e6:.0f} "
        f"MB/s, ratio {statistics.median(ratios):.2f} (lowest {min(ratios):.2f}; the bar is 1.5)"
    )
