"""Query sources that nobody here wrote: Orthanc by C-FIND, C-MOVE, C-GET and its DICOMweb, DCMTK's dcmqrscp."""

import io
import shutil
import socket
import time

import pytest
from ct import head_ct, save
from nodes import RunningNode
from pacs import Orthanc
from programs import Program, free_port, need, run
from pydicom import dcmread

from triage_node.query_retrieve import source_of
from triage_node.sources import QuerySource
from triage_node.user_agent import Caller

pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
CALLER = Caller("TRIAGE", 5.0, 20.0)
KINDS = ["move", "get", "web"]


@pytest.fixture(scope="module")
def images():
    images = head_ct(slices=12, size=(64, 64))
    for ds in images:
        ds.AccessionNumber = "A-17"
    return images


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory, images):
    folder = tmp_path_factory.mktemp("orthanc")
    allowed = {f"DicomAlwaysAllow{what}": True for what in ("Find", "Move", "Get")}
    orthanc = Orthanc(folder / "pacs", dicomweb_servers={}, config=allowed)
    for path in save(images, folder / "images"):
        orthanc.upload(path)
    yield orthanc
    orthanc.stop()


def settings_of(orthanc: Orthanc, kind: str, **options) -> dict:
    if kind == "web":
        return {"name": "pacs", "url": f"http://127.0.0.1:{orthanc.http_port}/dicom-web/studies", **options}
    return {"name": "pacs", "url": f"dicom://{orthanc.address}", "method": kind, **options}


@pytest.mark.parametrize("kind", ["move", "web"])
def test_orthanc_tells_counts_and_instances(orthanc, images, kind):
    source = source_of(QuerySource(**settings_of(orthanc, kind)), CALLER)
    study = str(images[0].StudyInstanceUID)
    assert source.count(study) == 12
    assert source.count("1.2.3.4") is None
    assert {one.sop_instance_uid for one in source.instances(study)} == {ds.SOPInstanceUID for ds in images}
    assert {one.sop_class_uid for one in source.instances(study)} <= {str(images[0].SOPClassUID), ""}
    assert [one.study_instance_uid for one in source.studies("A-17")] == [study]
    assert source.studies("A-18") == []
    assert source.check().startswith("answers ")


@pytest.mark.parametrize("kind", ["get", "web"])
def test_orthanc_gives_instances_as_it_has_them(orthanc, images, kind):
    source = source_of(QuerySource(**settings_of(orthanc, kind)), CALLER)
    study, kept = str(images[0].StudyInstanceUID), []
    wanted = source.instances(study)[:5]
    progress = list(source.retrieve(study, wanted, lambda content: kept.append(content) or 0))
    assert (progress[-1].completed, progress[-1].failed) == (5, 0)
    by_uid = {str(ds.SOPInstanceUID): ds for ds in images}
    files = [dcmread(io.BytesIO(content)) for content in kept]
    assert {ds.SOPInstanceUID for ds in files} == {one.sop_instance_uid for one in wanted}
    assert all(ds.PixelData == by_uid[ds.SOPInstanceUID].PixelData for ds in files)


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_completes_a_study_from_orthanc(start, orthanc, images, tmp_path, wait_for, kind):
    """Seven of twelve are sent; the source has the others, and the study is closed when they are here."""
    options = {"sources": [settings_of(orthanc, kind, retrieve=True, interval_seconds=1)], "web_enabled": False}
    times = {"study_quiet_seconds": 200.0, "study_maximum_seconds": 300.0}
    node = start(RunningNode, "node", **times, **options)
    orthanc.introduce(node.port)
    assert node.storescu(*save(images[:7], tmp_path / "sent")).returncode == 0
    study = str(images[0].StudyInstanceUID)
    wait_for(lambda: node.state(study) and node.study(study).closed_at, "the study to be closed", 120)
    shown = node.study(study)
    codes = [event.code for event in shown.events]
    assert "study_complete" in codes
    assert sum(series.instance_count for series in shown.series if series.modality == "CT") == 12
    [missing] = [event.message for event in shown.events if event.code == "instances_missing"][:1]
    assert missing == "pacs: 5 of 12 are not here"


@pytest.fixture
def fetch(start, monkeypatch):
    """Start a node with a source, and fetch into it; its port is free, so the command is told."""

    def fetch(source: dict, prepare, *arguments: str, **options):
        node = start(RunningNode, "node", sources=[source], web_enabled=False, **options)
        monkeypatch.setenv("TRIAGE_DICOM_PORT", str(node.port))
        prepare(node)
        return node, node.command("fetch", *arguments)

    return fetch


@pytest.mark.parametrize("kind", KINDS)
def test_a_study_is_fetched_from_orthanc_by_hand(fetch, orthanc, images, wait_for, kind):
    source = settings_of(orthanc, kind)
    study = str(images[0].StudyInstanceUID)
    node, answer = fetch(source, lambda node: orthanc.introduce(node.port), "--accession", "A-17", "--from", "pacs")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"12 of 12 instances of {study} retrieved from pacs.\n"
    wait_for(lambda: node.state(study), "the study")
    wait_for(lambda: len(node.worklist.announcements.received(study).sop_instance_uids) == 12, "the instances")


def test_orthanc_that_does_not_know_us_says_so(fetch, orthanc, images):
    source, study = settings_of(orthanc, "move"), str(images[0].StudyInstanceUID)
    _, answer = fetch(source, lambda _: None, study, ae_title="STRANGER")
    assert answer.returncode == 1
    assert "does not know the move destination STRANGER" in answer.stderr or "refuses the retrieval" in answer.stderr


class Dcmqrscp:
    """DCMTK's archive, with images in it and one AE title to send to; it is started when that one's port is known."""

    def __init__(self, folder, images) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"dicom://ARCHIVE@127.0.0.1:{self.port}"
        archive = folder / "archive"
        archive.mkdir()
        files = [shutil.copy(path, archive) for path in save(images, folder / "archived")]
        indexed = run("dcmqridx", archive, *files)
        assert indexed.returncode == 0, indexed.stderr

    def start(self, destination_port: int) -> None:
        """Listen."""
        config = self.folder / "dcmqrscp.cfg"
        config.write_text(
            f"NetworkTCPPort = {self.port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
            f"HostTable BEGIN\nnode = (TRIAGE, 127.0.0.1, {destination_port})\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\nARCHIVE {self.folder / 'archive'} RW (200, 1024mb) ANY\nAETable END\n"
        )
        self.program = Program([need("dcmqrscp"), "-v", "-c", config], self.folder / "dcmqrscp.log")
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.program.process.poll() is None, self.program.printed
            time.sleep(0.05)
        raise AssertionError(self.program.printed)


@pytest.fixture
def archive(tmp_path, images):
    folder = tmp_path / "dcmtk"
    folder.mkdir()
    archive = Dcmqrscp(folder, images)
    yield archive
    archive.program.stop()


def test_dcmtk_is_asked_and_gives(archive, images):
    archive.start(1)
    source = source_of(QuerySource(url=archive.url, method="get"), CALLER)
    study, kept = str(images[0].StudyInstanceUID), []
    assert source.count(study) == 12, "it does not tell; they are counted"
    wanted = source.instances(study)
    assert len(wanted) == 12
    progress = list(source.retrieve(study, wanted, lambda content: kept.append(content) or 0))
    assert (progress[-1].completed, progress[-1].failed) == (12, 0)
    assert {dcmread(io.BytesIO(content)).SOPInstanceUID for content in kept} == {ds.SOPInstanceUID for ds in images}


def test_dcmtk_moves_to_the_node(fetch, archive, images, wait_for):
    source, study = {"name": "archive", "url": archive.url}, str(images[0].StudyInstanceUID)
    node, answer = fetch(source, lambda node: archive.start(node.port), study)
    assert (answer.returncode, answer.stdout) == (0, f"12 of 12 instances of {study} retrieved from archive.\n")
    wait_for(lambda: len(node.worklist.announcements.received(study).sop_instance_uids) == 12, "the instances")
