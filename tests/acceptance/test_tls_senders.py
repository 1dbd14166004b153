"""Senders over TLS that nobody here wrote: DCMTK and Orthanc, with right certificates, wrong ones and none."""

import shutil
import socket
import subprocess
import threading

import pytest
from certificates import Authority
from ct import head_ct, save
from nodes import RunningNode
from pacs import Orthanc
from programs import need, run
from pydicom.uid import generate_uid
from upper_layer import CT, EXPLICIT, VERIFIED, Peer, associate_request, context, data_set_of

from triage_node.dimse import client_context
from triage_node.endpoints import TlsFiles

pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "Stranger")


@pytest.fixture(scope="module")
def node(authority, tmp_path_factory):
    """A node that listens over TLS and in plain, and wants certificates."""
    folder = tmp_path_factory.mktemp("node")
    issued = authority.issue("node", days=90)
    for name, path in (("node.pem", issued.certificate), ("node.key", issued.key)):
        shutil.copy(path, folder / name)
    (folder / "node.key").chmod(0o600)
    node = RunningNode(
        folder,
        dicom_tls_port=0,
        dicom_tls_certificate=str(folder / "node.pem"),
        dicom_tls_key=str(folder / "node.key"),
        dicom_tls_ca=str(authority.ca),
        series_quiet_seconds=600.0,
        study_quiet_seconds=600.0,
    )
    yield node
    node.stop()


@pytest.fixture
def images(tmp_path):
    images = head_ct(slices=3, size=(64, 64))
    study, series = generate_uid(), generate_uid()
    for ds in images:
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = study, series, generate_uid()
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return images, tmp_path / "study"


def storescu(port, authority, shown, folder, *options):
    """Send a folder with DCMTK over TLS."""
    certificate = ("+tls", shown.key, shown.certificate) if shown else ("+tla",)
    trust = ("+cf", authority.ca)
    return run("storescu", "-v", *certificate, *trust, *options, "+sd", "-aec", "TRIAGE", "127.0.0.1", port, folder)


def count(node, images) -> int:
    """Return how many instances of a study the node has registered."""
    uid = str(images[0].StudyInstanceUID)
    return sum(one.instance_count for one in node.study(uid).series) if node.state(uid) else 0


@pytest.mark.parametrize("options", [("+py",), ("+px",), ("+py", "+cs", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")])
def test_dcmtk_sends_over_tls(node, authority, images, wait_for, options):
    images, folder = images
    save(images, folder)
    sent = storescu(node.tls_port, authority, authority.issue("ct1", "ct1"), folder, *options)
    assert sent.returncode == 0, sent.stderr
    wait_for(lambda: count(node, images) == 3, "the instances")


@pytest.mark.parametrize("shown", ["wrong", "ended", "none", "old suite", "plain"])
def test_dcmtk_is_refused_and_the_log_says_why(node, authority, stranger, images, wait_for, shown):
    images, folder = images
    save(images, folder)
    right = authority.issue("ct1", "ct1")
    if shown == "plain":
        sent = run("storescu", "-v", "+sd", "-aec", "TRIAGE", "127.0.0.1", node.tls_port, folder)
    elif shown == "old suite":
        options = ("+pa", "+cs", "TLS_RSA_WITH_AES_128_CBC_SHA")
        sent = storescu(node.tls_port, authority, right, folder, *options)
    else:
        issued = {"wrong": stranger.issue("ct1", "ct1"), "ended": authority.issue("old", "ct1", days=-1), "none": None}
        sent = storescu(node.tls_port, authority, issued[shown], folder)
    assert sent.returncode != 0
    words = {
        "wrong": "its certificate is not accepted: ",
        "ended": "its certificate is not accepted: certificate has expired",
        "none": "peer did not return a certificate",
        "old suite": "no shared cipher",
        "plain": "an association request without TLS came to the TLS port",
    }[shown]
    wait_for(lambda: words in node.program.printed, "the log to say so")
    assert count(node, images) == 0
    assert storescu(node.tls_port, authority, right, folder).returncode == 0


def test_dcmtk_over_tls_at_the_plain_port_is_refused(node, authority, images, wait_for):
    images, folder = images
    save(images, folder)
    assert storescu(node.port, authority, authority.issue("ct1", "ct1"), folder).returncode != 0
    wait_for(lambda: "a TLS handshake came to the port without TLS" in node.program.printed, "the log to say so")
    assert node.storescu(folder).returncode == 0


@pytest.mark.parametrize(("version", "is_spoken"), [("1", False), ("1_1", False), ("1_2", True), ("1_3", True)])
def test_openssl_speaks_what_the_profile_wants(node, authority, version, is_spoken):
    issued = authority.issue("ct1", "ct1")
    command = [need("openssl"), "s_client", f"-tls{version}", "-connect", f"127.0.0.1:{node.tls_port}", "-CAfile"]
    command += [authority.ca, "-cert", issued.certificate, "-key", issued.key, "-cipher", "ALL:@SECLEVEL=0"]
    spoken = subprocess.run([str(one) for one in command], capture_output=True, text=True, input="", timeout=30)
    assert ("Cipher is (NONE)" not in spoken.stdout) is is_spoken, spoken.stdout + spoken.stderr


def test_orthanc_pushes_a_study_over_tls(node, start, authority, images, wait_for):
    images, folder = images
    issued = authority.issue("orthanc")
    tls = {
        "DicomTlsCertificate": str(issued.certificate),
        "DicomTlsPrivateKey": str(issued.key),
        "DicomTlsTrustedCertificates": str(authority.ca),
        "DicomModalities": {
            "triage": {"AET": "TRIAGE", "Host": "127.0.0.1", "Port": node.tls_port, "UseDicomTls": True}
        },
    }
    pacs = start(Orthanc, "pacs", config=tls)
    for file in save(images, folder):
        pacs.upload(file)
    pushed = pacs.push(str(images[0].StudyInstanceUID))
    assert pushed["FailedInstancesCount"] == 0
    wait_for(lambda: count(node, images) == 3, "the instances")


def test_a_certificate_is_renewed_while_senders_send(node, authority, images, wait_for):
    images, folder = images
    save(images, folder)
    sender = authority.issue("ct1", "ct1")
    context_of_sender = client_context(TlsFiles(authority.ca, sender.certificate, sender.key))
    with Peer.connect(node.tls_port, context=context_of_sender) as peer:
        assert peer.associate(associate_request(VERIFIED + context(3, CT, EXPLICIT))) == 2
        shown = peer.connection.getpeercert()["serialNumber"]
        results, stop = [], threading.Event()

        def send() -> None:
            while not stop.is_set():
                results.append(storescu(node.tls_port, authority, sender, folder).returncode)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            issued = authority.issue("renewed", days=300)
            shutil.copy(issued.certificate, node.folder / "node.pem")
            shutil.copy(issued.key, node.folder / "node.key")
            wait_for(lambda: serial(node.tls_port, context_of_sender) != shown, "the new certificate")
        finally:
            stop.set()
            thread.join()
        assert peer.store(3, CT, *data_set_of(images[0])) == 0
    assert set(results) == {0}
    assert "certificate_reloaded" in node.program.printed


def serial(port, context_of_sender) -> str:
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context_of_sender.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        return secured.getpeercert()["serialNumber"]
