"""Query sources that nobody here wrote: Orthanc by C-FIND, C-MOVE, C-GET and its DICOMweb, DCMTK's dcmqrscp."""

import io
import json
import shutil
import socket
import time

import pytest
from certificates import Authority
from ct import head_ct, save
from nodes import RunningNode
from pacs import Orthanc
from programs import Program, free_port, need, run
from pydicom import dcmread

from triage_node.endpoints import QuerySource
from triage_node.errors import PeerUnreachable
from triage_node.query_retrieve import source_of
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


def test_orthanc_is_asked_over_tls_by_who_shows_a_certificate(start, images, tmp_path):
    authority = Authority(tmp_path / "ca")
    server, client = authority.issue("orthanc"), authority.issue("client", "node")
    tls = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(server.certificate),
        "DicomTlsPrivateKey": str(server.key),
        "DicomTlsTrustedCertificates": str(authority.ca),
    }
    allowed = {f"DicomAlwaysAllow{what}": True for what in ("Find", "Get")}
    pacs = start(Orthanc, "pacs", config=tls | allowed)
    for path in save(images[:2], tmp_path / "images"):
        pacs.upload(path)
    shown = {"tls_ca": authority.ca, "tls_certificate": client.certificate, "tls_key": client.key}
    source = source_of(QuerySource(url=f"dicoms://{pacs.address}", method="get", **shown), CALLER)
    study, kept = str(images[0].StudyInstanceUID), []
    assert source.count(study) == 2
    *_, last = source.retrieve(study, source.instances(study), lambda content: kept.append(content) or 0)
    assert (last.completed, len(kept)) == (2, 2)
    assert source.check().endswith("over TLS")
    with pytest.raises(PeerUnreachable):
        source_of(QuerySource(url=f"dicom://{pacs.address}"), CALLER).count(study)


@pytest.fixture
def fetch(start, monkeypatch):
    """Start a node, and fetch into it from the source that is made ready for it; the command is told its port."""

    def fetch(prepare, *arguments: str, **options):
        node = start(RunningNode, "node", web_enabled=False, **options)
        monkeypatch.setenv("TRIAGE_DICOM_PORT", str(node.port))
        monkeypatch.setenv("TRIAGE_SOURCES", json.dumps([prepare(node)]))
        return node, node.command("fetch", *arguments)

    return fetch


@pytest.mark.parametrize("kind", KINDS)
def test_a_study_is_fetched_from_orthanc_by_hand(fetch, orthanc, images, wait_for, kind):
    def introduce(node: RunningNode) -> dict:
        orthanc.introduce(node.port)
        return settings_of(orthanc, kind)

    study = str(images[0].StudyInstanceUID)
    node, answer = fetch(introduce, "--accession", "A-17", "--from", "pacs")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"12 of 12 instances of {study} retrieved from pacs.\n"
    wait_for(lambda: node.state(study), "the study")
    wait_for(lambda: len(node.worklist.announcements.received(study).sop_instance_uids) == 12, "the instances")


def test_orthanc_that_does_not_know_us_says_so(fetch, orthanc, images):
    study = str(images[0].StudyInstanceUID)
    _, answer = fetch(lambda _: settings_of(orthanc, "move"), study, ae_title="STRANGER")
    assert answer.returncode == 1
    assert "does not know the move destination STRANGER" in answer.stderr or "refuses the retrieval" in answer.stderr


class Dcmqrscp:
    """DCMTK's archive, with images in it and one AE title to send to; it is started when that one's port is known."""

    def __init__(self, folder, images) -> None:
        self.folder = folder
        archive = folder / "archive"
        archive.mkdir()
        files = [shutil.copy(path, archive) for path in save(images, folder / "archived")]
        indexed = run("dcmqridx", archive, *files)
        assert indexed.returncode == 0, indexed.stderr

    def start(self, destination_port: int) -> str:
        """Listen, on another port when one was taken meanwhile, and return where."""
        for _ in range(10):
            port = free_port()
            config = self.folder / "dcmqrscp.cfg"
            config.write_text(
                f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
                f"HostTable BEGIN\nnode = (TRIAGE, 127.0.0.1, {destination_port})\nHostTable END\n"
                "VendorTable BEGIN\nVendorTable END\n"
                f"AETable BEGIN\nARCHIVE {self.folder / 'archive'} RW (200, 1024mb) ANY\nAETable END\n"
            )
            self.program = Program([need("dcmqrscp"), "-v", "-c", config], self.folder / "dcmqrscp.log")
            while self.program.process.poll() is None:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        return f"dicom://ARCHIVE@127.0.0.1:{port}"
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
    source = source_of(QuerySource(url=archive.start(1), method="get"), CALLER)
    study, kept = str(images[0].StudyInstanceUID), []
    assert source.count(study) == 12, "it does not tell; they are counted"
    wanted = source.instances(study)
    assert len(wanted) == 12
    progress = list(source.retrieve(study, wanted, lambda content: kept.append(content) or 0))
    assert (progress[-1].completed, progress[-1].failed) == (12, 0)
    assert {dcmread(io.BytesIO(content)).SOPInstanceUID for content in kept} == {ds.SOPInstanceUID for ds in images}


def test_dcmtk_moves_to_the_node(fetch, archive, images, wait_for):
    study = str(images[0].StudyInstanceUID)
    node, answer = fetch(lambda node: {"name": "archive", "url": archive.start(node.port)}, study)
    assert (answer.returncode, answer.stdout) == (0, f"12 of 12 instances of {study} retrieved from archive.\n")
    wait_for(lambda: len(node.worklist.announcements.received(study).sop_instance_uids) == 12, "the instances")


def test_late_images_make_a_revision_whose_report_names_its_predecessor_at_the_pacs(start, tmp_path, wait_for):
    """The PACS is source and destination: the report that it got is none of the images that the node lacks."""
    images = head_ct(slices=32, size=(256, 256), lesion="epidural", seed=7)
    study, files = str(images[0].StudyInstanceUID), save(images, tmp_path / "study")
    allowed = {f"DicomAlwaysAllow{what}": True for what in ("Find", "Move", "Get")}
    pacs = start(Orthanc, "pacs", config=allowed)
    source = {"name": "pacs", "url": f"dicom://{pacs.address}", "retrieve": True, "interval_seconds": 1}
    quiet = {"study_quiet_seconds": 200.0, "study_maximum_seconds": 600.0}
    node = start(RunningNode, "node", destinations=[pacs.address], sources=[source], **quiet)
    pacs.introduce(node.port)
    for path in files[:28]:
        pacs.upload(path)
    assert node.storescu(*files[:20]).returncode == 0
    [first] = wait_for(lambda: _closed(node, study, 1) and pacs.reports(study), "the report at the PACS", 180)
    for path in files[28:]:
        pacs.upload(path)
    assert node.storescu(files[28]).returncode == 0
    reports = wait_for(lambda: _closed(node, study, 2) and _newer(pacs, study, first), "the later report", 180)
    [second] = [ds for ds in reports if ds.get("PredecessorDocumentsSequence")][-1:]
    named = [
        str(reference.SOPInstanceUID if "SOPInstanceUID" in reference else reference.ReferencedSOPInstanceUID)
        for one in second.PredecessorDocumentsSequence
        for series in one.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    ]
    assert set(named) < {str(ds.SOPInstanceUID) for ds in reports}, "the PACS has what it names"
    evidence = [
        reference
        for one in second.CurrentRequestedProcedureEvidenceSequence
        for series in one.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    ]
    assert len(evidence) == 32
    messages = [event.message for event in node.study(study).events if event.code == "study_complete"]
    assert [message.partition(",")[0] for message in messages] == [
        "28 of 28 instances are here",
        "32 of 32 instances are here",
    ]


def _closed(node: RunningNode, study: str, times: int) -> bool:
    if not node.state(study):
        return False
    shown = node.study(study)
    closings = [event for event in shown.events if event.code == "study_complete"]
    return shown.state == "analyzed" and shown.closed_at is not None and len(closings) >= times


def _newer(pacs: Orthanc, study: str, first) -> list:
    reports = pacs.reports(study)
    uids = {str(ds.SOPInstanceUID) for ds in reports}
    evidence = max(
        (
            len(series.ReferencedSOPSequence)
            for ds in reports
            for one in ds.CurrentRequestedProcedureEvidenceSequence
            for series in one.ReferencedSeriesSequence
        ),
        default=0,
    )
    return reports if evidence == 32 and uids > {str(first.SOPInstanceUID)} else []
