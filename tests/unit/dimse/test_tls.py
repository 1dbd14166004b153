"""TLS of the BCP 195 profile on loopback: what is spoken, who is believed, and why a handshake failed."""

import socket
import ssl
import threading

import pytest
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from triage_node.dimse import client_context, echo, server_context
from triage_node.dimse.tls import TLS_1_2_SUITES
from triage_node.endpoints import Peer, TlsFiles
from triage_node.errors import PeerUnreachable, SettingsError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture
def peer(authority):
    """Start a verification provider over TLS and return it as a peer without files."""
    servers = []

    def start(host="127.0.0.1", days=1, **how):
        issued = authority.issue(f"server-{host}-{days}", host, days)
        ae = AE(ae_title="PEER")
        ae.add_supported_context(Verification)
        context = server_context(issued.certificate, issued.key, **how)
        servers.append(ae.start_server(("127.0.0.1", 0), block=False, ssl_context=context))
        return lambda **files: Peer("PEER", "127.0.0.1", servers[-1].server_address[1], TlsFiles(**files))

    yield start
    for server in servers:
        server.shutdown()


def test_an_echo_goes_over_tls_to_who_shows_the_right_certificate(peer, authority):
    assert echo(peer()(ca=authority.ca), "TRIAGE", 5) < 5


def test_a_certificate_of_another_name_is_believed_when_that_name_is_wanted(peer, authority):
    called = peer(host="pacs.example")
    with pytest.raises(PeerUnreachable, match=r"its certificate is not accepted: .*127\.0\.0\.1"):
        echo(called(ca=authority.ca), "TRIAGE", 5)
    assert echo(called(ca=authority.ca, server_name="pacs.example"), "TRIAGE", 5) < 5


def test_a_certificate_that_ended_or_that_a_stranger_signed_is_refused(peer, authority, stranger):
    with pytest.raises(PeerUnreachable, match="has expired"):
        echo(peer(days=-1)(ca=authority.ca), "TRIAGE", 5)
    with pytest.raises(PeerUnreachable, match="its certificate is not accepted"):
        echo(peer()(ca=stranger.ca), "TRIAGE", 5)


def test_a_client_shows_its_certificate_where_one_is_required(peer, authority, stranger):
    called = peer(ca=authority.ca, client_certificates="required")
    ours, theirs = authority.issue("client", "node"), stranger.issue("client", "node")
    assert echo(called(ca=authority.ca, certificate=ours.certificate, key=ours.key), "TRIAGE", 5) < 5
    for files in ({}, {"certificate": theirs.certificate, "key": theirs.key}):
        with pytest.raises(PeerUnreachable):
            echo(called(ca=authority.ca, **files), "TRIAGE", 5)


def test_a_peer_without_tls_is_named_as_that(authority):
    ae = AE(ae_title="PEER")
    ae.add_supported_context(Verification)
    server = ae.start_server(("127.0.0.1", 0), block=False)
    try:
        with pytest.raises(PeerUnreachable, match="TLS handshake failed"):
            echo(Peer("PEER", *server.server_address[:2], TlsFiles(authority.ca)), "TRIAGE", 2)
    finally:
        server.shutdown()


@pytest.mark.parametrize(
    ("version", "suites", "is_spoken"),
    [
        (ssl.TLSVersion.TLSv1_3, None, True),
        *((ssl.TLSVersion.TLSv1_2, suite, "ECDSA" in suite) for suite in TLS_1_2_SUITES),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256", False),
        (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256", False),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", False),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_what_the_profile_lists_is_spoken_and_nothing_else(authority, version, suites, is_spoken):
    issued = authority.issue("suites")
    ours, theirs = client_context(TlsFiles(authority.ca)), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.minimum_version = theirs.maximum_version = version
    theirs.load_cert_chain(issued.certificate, issued.key)
    if suites is not None:
        theirs.set_ciphers(suites)
    assert handshake(ours, theirs) is is_spoken


def handshake(ours: ssl.SSLContext, theirs: ssl.SSLContext) -> bool:
    here, there = socket.socketpair()

    def accept() -> None:
        try:
            theirs.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        with ours.wrap_socket(here, server_hostname="127.0.0.1"):
            return True
    except OSError:
        return False
    finally:
        here.close()
        thread.join(10)


def test_files_that_cannot_be_used_are_named(tmp_path, authority):
    issued, other = authority.issue("one"), authority.issue("two")
    (tmp_path / "none.pem").write_text("nothing")
    for files, words in (
        (TlsFiles(tmp_path / "gone.pem"), "gone.pem cannot be read: No such file"),
        (TlsFiles(tmp_path / "none.pem"), "none.pem cannot be read: it is no PEM file"),
        (TlsFiles(certificate=issued.certificate, key=other.key), "the key is not that of the certificate"),
        (TlsFiles(certificate=tmp_path / "none.pem", key=issued.key), "it is no PEM file"),
    ):
        with pytest.raises(SettingsError, match=words):
            client_context(files)
    with pytest.raises(SettingsError, match="cannot be checked without"):
        server_context(issued.certificate, issued.key, client_certificates="required")
