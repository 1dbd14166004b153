"""Destinations of every kind that nobody here wrote: DCMTK and Orthanc with and without TLS, Orthanc's DICOMweb."""

import json
from datetime import UTC, datetime

import pytest
from certificates import Authority
from ct import head_ct, save
from nodes import RunningNode
from pacs import Dcmrecv, Orthanc, Storescp
from pydicom import dcmread
from sr_checker import check

from triage_node.delivery import Caller, target_of
from triage_node.endpoints import Destination
from triage_node.errors import PeerDenied, PeerUnreachable
from triage_node.report import build_connection_test, report_variants

pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
CALLER = Caller("TRIAGE", 5.0, 10.0)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def report():
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return [report_variants(build_connection_test("TRIAGE", f"2.25.{number}", now)) for number in (7, 8)]


@pytest.fixture
def files(authority):
    client = authority.issue("client", "node")
    return {"tls_ca": authority.ca, "tls_certificate": client.certificate, "tls_key": client.key}


@pytest.mark.parametrize("kind", [Storescp, Dcmrecv])
def test_dcmtk_takes_reports_over_tls_from_who_shows_a_certificate(start, authority, report, files, kind, wait_for):
    server = authority.issue(kind.name)
    options = ("+tls", server.key, server.certificate, "+cf", authority.ca)
    pacs = start(kind, "pacs", options=options)
    target = target_of(Destination(url=f"dicoms://{pacs.address}", **files), CALLER)
    wait_for(lambda: _answers(target), "the peer to listen")
    assert "over TLS" in target.check()
    for variants in report:
        assert target.send(variants) is variants[0]
    target.rest()
    received = wait_for(lambda: len(pacs.received()) == 2 and pacs.received(), "the files")
    assert {dcmread(file).SOPInstanceUID for file in received} == {one[0].SOPInstanceUID for one in report}
    for wrong in ({"tls_ca": authority.ca}, {}):
        with pytest.raises(PeerUnreachable):
            target_of(Destination(url=f"dicoms://{pacs.address}", **wrong), CALLER).send(report[0])
    with pytest.raises(PeerUnreachable):
        target_of(Destination(url=f"dicom://{pacs.address}"), CALLER).check()


def _answers(target) -> bool:
    try:
        return bool(target.check())
    except PeerUnreachable:
        return False


def test_dcmrecv_takes_reports_without_tls(start, report, wait_for):
    pacs = start(Dcmrecv, "pacs")
    target = target_of(Destination.parse(pacs.address), CALLER)
    wait_for(lambda: _answers(target), "the peer to listen")
    for variants in report:
        assert target.send(variants) is variants[0]
    target.rest()
    wait_for(lambda: len(pacs.received()) == 2, "the files")


def test_orthanc_takes_reports_over_tls(start, authority, report, files):
    server = authority.issue("orthanc")
    pacs = start(
        Orthanc,
        "pacs",
        config={
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(server.certificate),
            "DicomTlsPrivateKey": str(server.key),
            "DicomTlsTrustedCertificates": str(authority.ca),
        },
    )
    target = target_of(Destination(url=f"dicoms://{pacs.address}", **files), CALLER)
    for variants in report:
        assert target.send(variants) is variants[0]
    target.rest()
    assert len(pacs.get("/instances")) == 2


def test_orthancs_dicomweb_takes_reports_from_who_knows_the_password(start, report, tmp_path):
    (tmp_path / "password").write_text("open sesame\n")
    guarded = {"AuthenticationEnabled": True, "RegisteredUsers": {"node": "open sesame"}}
    pacs = start(Orthanc, "pacs", dicomweb_servers={}, config=guarded)
    url = f"http://127.0.0.1:{pacs.http_port}/dicom-web/studies"
    with pytest.raises(PeerDenied, match="401"):
        target_of(Destination(url=url), CALLER).send(report[0])
    target = target_of(Destination(url=url, user="node", password_file=tmp_path / "password"), CALLER)
    assert target.check().startswith("answers a search in")
    for variants in [*report, report[0]]:
        assert target.send(variants) is variants[0], "also one that is there already"
    target.rest()


def test_a_nodes_results_go_where_its_rules_say(start, wait_for, tmp_path):
    images = head_ct(slices=32, size=(256, 256), lesion="epidural", seed=7)
    uid = str(images[0].StudyInstanceUID)
    pacs = start(Orthanc, "pacs", dicomweb_servers={})
    for name in ("out", "other"):
        (tmp_path / name).mkdir()
    destinations = [
        {"name": "archive", "url": f"http://127.0.0.1:{pacs.http_port}/dicom-web/studies"},
        {"name": "out", "url": f"file://{tmp_path}/out", "rules": [{"sender": ["STORE*"]}]},
        {"name": "other", "url": f"file://{tmp_path}/other", "rules": [{"sender": ["WARD"]}]},
    ]
    node = start(RunningNode, "node", environment={"TRIAGE_DESTINATIONS": json.dumps(destinations)})
    node.storescu(*save(images, tmp_path / "study"))
    [file] = wait_for(lambda: list((tmp_path / "out").glob("*.dcm")), "the report in the folder", 120)
    [stored] = wait_for(lambda: pacs.reports(uid), "the report at the archive", 60)
    assert check(dcmread(file)) == []
    assert stored.SOPInstanceUID == dcmread(file).SOPInstanceUID
    assert list((tmp_path / "other").iterdir()) == []
    node.program.stop()
    assert {one.destination: one.state for one in node.study(uid).deliveries} == {
        "archive": "delivered",
        "out": "delivered",
    }
