"""A study of 300 slices over WADO-RS, ours beside Orthanc's DICOMweb plugin, in turn in one run."""

import http.client
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ct import head_ct
from nodes import RunningNode
from pacs import Orthanc
from programs import run
from pydicom.uid import generate_uid

IMAGES, ROUNDS = 300, 5
WORKER_SECONDS = 600
RETRIEVE = 'multipart/related; type="application/dicom"; transfer-syntax=*'


def study_of(folder: Path, images: int, side: int) -> str:
    """Write uncompressed images, with as many elements in their headers as a scanner's; return the UID of the study."""
    folder.mkdir()
    [ds] = head_ct(slices=1, size=(side, side))
    block = ds.private_block(0x0043, "SCANNER", create=True)
    for element in range(40):
        block.add_new(element, "DS", f"{element}.5")
    for image in range(images):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.InstanceNumber = image + 1
        ds.save_as(folder / f"{image:03d}.dcm", enforce_file_format=True)
    return str(ds.StudyInstanceUID)


class Server:
    """One end that is asked for the study again and again over one connection."""

    def __init__(self, address: str, path: str, headers: dict[str, str]) -> None:
        parts = urlsplit(address)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
        self.path, self.headers = path, headers

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


Ends = Callable[[str, str], tuple[Server, Server]]


@contextmanager
def both(folder: Path, uid: str, images: int, tmp_path: Path, wait_for: Callable[..., object]) -> Iterator[Ends]:
    """Start the node and Orthanc, give both a study, and return how to call them."""
    (tmp_path / "node").mkdir()
    orthanc = Orthanc(tmp_path / "pacs", dicomweb_servers={})
    node = RunningNode(tmp_path / "node", series_quiet_seconds=600, study_quiet_seconds=600)
    try:
        node.program.wait_for("worker_ready", WORKER_SECONDS)
        for port in (node.port, orthanc.dicom_port):
            assert run("storescu", "+sd", "127.0.0.1", port, folder).returncode == 0
        wait_for(lambda: len(node.worklist.stored_instances.find(uid)) == images, "registering the images")
        token = node.command("token", "add", "viewer").stdout.strip()

        def ends(path: str, accept: str) -> tuple[Server, Server]:
            ours = Server(node.web_address, f"/dicomweb/{path}", {"Authorization": f"Bearer {token}", "Accept": accept})
            return ours, Server(f"http://127.0.0.1:{orthanc.http_port}", f"/dicom-web/{path}", {"Accept": accept})

        yield ends
    finally:
        node.stop()
        orthanc.stop()


def timed(ends: tuple[Server, Server]) -> tuple[list[float], list[float], list[float], tuple[float, float]]:
    """Return medians of both ends in seconds, each round's ratio (theirs to ours), sizes, and the first seconds."""
    ours, theirs = ends
    with closing(ours.connection), closing(theirs.connection):
        first, *taken = [(ours.retrieve(), theirs.retrieve()) for _ in range(ROUNDS + 1)]
    medians = [statistics.median(pair[side][0] for pair in taken) for side in (0, 1)]
    ratios = [theirs / ours for (ours, _), (theirs, _) in taken]
    return medians, ratios, [size for pair in taken for _, size in pair], (first[0][0], first[1][0])


@pytest.mark.timeout(1200)
def test_retrieve_of_a_study(tmp_path, wait_for):
    folder = tmp_path / "study"
    uid = study_of(folder, IMAGES, 512)
    with both(folder, uid, IMAGES, tmp_path, wait_for) as ends:
        medians, ratios, sizes, _ = timed(ends(f"studies/{uid}", RETRIEVE))
    content = sum(path.stat().st_size for path in folder.iterdir())
    assert all(size > content for size in sizes)
    print(
        f"\nWADO-RS, a study of {IMAGES} images of 512 x 512, one connection, median of {ROUNDS}: "
        f"node {content / medians[0] / 1e6:.0f} MB/s, Orthanc (TcpNoDelay, KeepAlive) {content / medians[1] / 1e6:.0f} "
        f"MB/s, ratio {statistics.median(ratios):.2f} (lowest {min(ratios):.2f}; the bar is 1.5)"
    )


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("images", [32, 148])
def test_metadata_of_a_study(tmp_path, wait_for, images):
    folder = tmp_path / "study"
    uid = study_of(folder, images, 64)
    with both(folder, uid, images, tmp_path, wait_for) as ends:
        medians, ratios, _, first = timed(ends(f"studies/{uid}/metadata", "application/dicom+json"))
    print(
        f"\nmetadata of {images} images, median of {ROUNDS}: node {medians[0] * 1e3:.0f} ms, Orthanc "
        f"{medians[1] * 1e3:.0f} ms, ours is {1 / statistics.median(ratios):.2f} of Orthanc's (the bar is 1.2); "
        f"the first time {first[0] * 1e3:.0f} and {first[1] * 1e3:.0f} ms"
    )
