"""Systems that cannot be called, each for another reason, on loopback: the sentence says which, and the way out."""

import contextlib
import socket
import ssl

import pytest
from certificates import Authority
from pynetdicom import AE
from pynetdicom.sop_class import Verification
from web_peers import Answer, WebPeer

from triage_node.checks.peers import check_peers
from triage_node.checks.result import Level
from triage_node.user_agent import Caller

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


@pytest.fixture
def pacs():
    """Start PACS on loopback; return their ports."""
    servers = []

    def start(context=None, **wants):
        ae = AE(ae_title="PACS")
        ae.add_supported_context(Verification)
        for name, value in wants.items():
            setattr(ae, name, value)
        server = ae.start_server(("127.0.0.1", 0), block=False, ssl_context=context)
        servers.append(server)
        return server.server_address[1]

    yield start
    for server in servers:
        server.shutdown()


@pytest.fixture
def said(make_settings):
    """Return what is said of a destination."""

    def said(url, **options):
        table = {"url": url, "name": "there"} | {name: str(value) for name, value in options.items()}
        settings = make_settings(destinations=[table], connect_timeout_seconds=2, answer_timeout_seconds=2)
        [result] = check_peers(settings, Caller.of(settings))
        assert result.name == "destination there"
        return result

    return said


def server_context(issued, ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    if ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca)
    return context


def test_one_that_answers_is_fine(said, pacs):
    result = said(f"dicom://PACS@127.0.0.1:{pacs()}")
    assert result.level is Level.OK


@pytest.mark.parametrize(
    ("wants", "words"),
    [
        ({"require_calling_aet": ["OTHER"]}, "Enter TRIAGE there as an AE title that may connect"),
        ({"require_called_aet": True, "ae_title": "OTHER"}, "Its own AE title is another than PACS"),
    ],
)
def test_ae_titles_that_are_not_known_are_told_apart(said, pacs, wants, words):
    result = said(f"dicom://PACS@127.0.0.1:{pacs(**wants)}")
    assert (result.level, words in result.message) == (Level.FAILED, True), result.message


def test_a_name_that_does_not_resolve(said):
    for url in ("dicom://PACS@nobody.invalid:104", "https://nobody.invalid/studies"):
        assert "The name nobody.invalid does not resolve" in said(url).message


def test_a_port_that_nobody_listens_on(said):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        for url, options in (
            (f"dicom://PACS@127.0.0.1:{port}", {}),
            (f"http://127.0.0.1:{port}/studies", {}),
            (f"mllp://127.0.0.1:{port}", {"patient_data": True}),
        ):
            assert f"Nothing listens on port {port} of 127.0.0.1" in said(url, **options).message


def test_a_machine_that_does_not_answer(said):
    with contextlib.ExitStack() as lines:
        full = lines.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # whoever comes later is not even told that the queue is full
            line = lines.enter_context(socket.socket())
            line.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                line.connect(full.getsockname())
        message = said(f"dicom://PACS@127.0.0.1:{full.getsockname()[1]}").message
    assert "Nothing answers from 127.0.0.1 within 2 s" in message and "firewall" in message


def test_tls_that_is_wanted_and_tls_that_is_not(said, pacs, authority):
    secure = pacs(server_context(authority.issue("pacs")))
    assert "It speaks TLS there: write dicoms:// instead" in said(f"dicom://PACS@127.0.0.1:{secure}").message
    plain = f"dicoms://PACS@127.0.0.1:{pacs()}"
    assert "It speaks no TLS there: write dicom://" in said(plain, tls_ca=authority.ca).message
    web = WebPeer(lambda _: Answer())
    try:
        url = web.url.replace("http://", "https://")
        assert "It speaks no TLS there: write http://" in said(url, tls_ca=authority.ca).message
    finally:
        web.stop()


@pytest.mark.parametrize(
    ("host", "days", "words"),
    [
        (
            "pacs.example.org",
            1,
            "Its certificate is for pacs.example.org: call it by that name, or set tls_server_name",
        ),
        ("10.0.0.1", 1, "Its certificate is for 10.0.0.1"),
        ("127.0.0.1", -1, "Its certificate ended on "),
    ],
)
def test_a_certificate_for_another_name_and_one_that_has_ended(said, pacs, authority, host, days, words):
    port = pacs(server_context(authority.issue("pacs", host, days)))
    assert words in said(f"dicoms://PACS@127.0.0.1:{port}", tls_ca=authority.ca).message


def test_an_authority_that_has_not_signed(said, pacs, authority, stranger):
    port = pacs(server_context(stranger.issue("pacs")))
    message = said(f"dicoms://PACS@127.0.0.1:{port}", tls_ca=authority.ca).message
    assert f"Who signed its certificate (CN=Stranger) is not among {authority.ca}: set tls_ca" in message
    message = said(f"dicoms://PACS@127.0.0.1:{port}").message
    assert "is not among this machine's authorities" in message


def test_a_client_certificate_that_is_wanted_and_one_that_is_not_believed(said, pacs, authority, stranger):
    url = f"dicoms://PACS@127.0.0.1:{pacs(server_context(authority.issue('pacs'), authority.ca))}"
    assert "It wants a certificate of the node: set tls_certificate" in said(url, tls_ca=authority.ca).message
    wrong = stranger.issue("node")
    message = said(url, tls_ca=authority.ca, tls_certificate=wrong.certificate, tls_key=wrong.key).message
    assert "It does not accept the node's certificate" in message


def test_a_port_that_takes_connections_and_says_nothing(said):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = said(f"dicom://PACS@127.0.0.1:{silent.getsockname()[1]}").message
    assert "A connection comes about, but no answer: is that the port of DICOM?" in message


def test_a_folder_that_cannot_be_written(said, tmp_path):
    (tmp_path / "file").touch()
    result = said(f"file://{tmp_path}/file/reports")
    assert (result.level, "Make the folder" in result.message) == (Level.FAILED, True)
