"""QIDO-RS over one connection, ours beside Orthanc's DICOMweb plugin, in turn, both with the same studies.

Orthanc has TcpNoDelay and KeepAlive on. TRIAGE_BENCH_STUDIES makes another number of studies.
"""

import http.client
import json
import os
import statistics
import time

import pytest
from ct import head_ct, save
from multipart import CONTENT_TYPE, body_of_files
from nodes import RunningNode
from pacs import Orthanc
from pydicom.uid import generate_uid

STUDIES = int(os.environ.get("TRIAGE_BENCH_STUDIES", 500))
ROUNDS = 40
QUERIES = {
    "a page of studies": "/studies?limit=50&includefield=StudyDescription",
    "one patient": "/studies?PatientID=P123",
    "part of a name, as OHIF asks": "/studies?PatientName=*hn12*&limit=101&offset=0&includefield=00081030",
    "an accession number": "/studies?AccessionNumber=A0123",
    "a week": "/studies?StudyDate=20240101-20240107&limit=50",
    "the series of a study": "/studies/{uid}/series",
    "the instances of a study": "/studies/{uid}/instances",
}


def make_body(tmp_path):
    """A request with that many studies of one small image each, and the UID of one of them."""
    [ds] = head_ct(slices=1, size=(16, 16))
    files = []
    for number in range(STUDIES):
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.PatientID, ds.PatientName, ds.AccessionNumber = f"P{number}", f"Doe^John{number}", f"A{number:04d}"
        ds.StudyDate = f"2024{1 + number // 28 % 12:02d}{1 + number % 28:02d}"
        files += save([ds], tmp_path / "images")
    return body_of_files(files), str(ds.StudyInstanceUID)


class Server:
    """One connection that is kept."""

    def __init__(self, port, root, headers):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._root, self._headers = root, headers | {"Accept": "application/dicom+json"}

    def close(self):
        self._connection.close()

    def ask(self, method, path, body=None, headers=None):
        """Return milliseconds and content."""
        start = time.perf_counter()
        self._connection.request(method, self._root + path, body, self._headers | (headers or {}))
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status in (200, 204), content[:500]
        return 1000 * (time.perf_counter() - start), json.loads(content or "[]")


def p95(values):
    return sorted(values)[int(0.95 * len(values))]


@pytest.mark.timeout(1200)
def test_times(tmp_path, wait_for):
    for name in ("pacs", "node"):
        (tmp_path / name).mkdir()
    orthanc = Orthanc(tmp_path / "pacs", dicomweb_servers={})
    node = RunningNode(tmp_path / "node", series_quiet_seconds=6000, study_quiet_seconds=6000)
    try:
        node.program.wait_for("worker_ready", 600)
        body, uid = make_body(tmp_path)
        token = node.command("token", "add", "bench").stdout.strip()
        node_port = int(node.web_address.rpartition(":")[2])
        ours = Server(node_port, "/dicomweb", {"Authorization": f"Bearer {token}"})
        theirs = Server(orthanc.http_port, "/dicom-web", {})
        for server in (ours, theirs):
            server.ask("POST", "/studies", body, {"Content-Type": CONTENT_TYPE})
        wait_for(lambda: len(ours.ask("GET", "/studies?limit=10000")[1]) == STUDIES, "all to be registered", 120)
        print(f"\nQIDO-RS, {STUDIES} studies, {ROUNDS} rounds in turn; Orthanc with TcpNoDelay and KeepAlive")
        for name, query in QUERIES.items():
            compare(name, query.format(uid=uid), ours, theirs)
        for server in (ours, theirs):
            server.close()
    finally:
        node.stop()
        orthanc.stop()


def compare(name, path, ours, theirs):
    times = {ours: [], theirs: []}
    found = {}
    for _ in range(ROUNDS):
        for server, taken in times.items():
            milliseconds, found[server] = server.ask("GET", path)
            taken.append(milliseconds)
    assert len(found[ours]) == len(found[theirs]), (path, len(found[ours]), len(found[theirs]))
    (ours_p95, theirs_p95), (ours_p50, theirs_p50) = (
        [function(taken) for taken in times.values()] for function in (p95, statistics.median)
    )
    print(
        f"{name:30} {len(found[ours]):4} found   node p50 {ours_p50:6.1f} p95 {ours_p95:6.1f} ms   "
        f"Orthanc p50 {theirs_p50:6.1f} p95 {theirs_p95:6.1f} ms   ratio of p95 {ours_p95 / theirs_p95:.2f}"
    )
