"""The TLS port: who is let in, who is told why not, and that a handshake takes nobody's time or place."""

import shutil
import socket
import ssl
import time

import pytest
from ct import head_ct
from key_renewals import KeyRenewer
from pydicom.uid import generate_uid
from upper_layer import CT, EXPLICIT, RELEASE, VERIFIED, Peer, associate_request, command, context, data, data_set_of

from triage_node.dimse import Listener, client_context
from triage_node.dimse.command_set import Operation
from triage_node.endpoints import TlsFiles
from triage_node.errors import AddressUnavailable

pytestmark = pytest.mark.slow

ACCEPTED, ABORTED, CLOSED = 2, 7, 0
CONTEXTS = associate_request(VERIFIED + context(3, CT, EXPLICIT))
STORE = data(3, command(Operation.C_STORE, CT, b"1.2.3"), is_command=True)
HOSTILE = "127.0.0.2"


@pytest.fixture
def intake(start_intake, files):
    """Start an intake with a plain port and one over TLS."""

    def start(client_certificates="required", **options):
        return start_intake(**files, dicom_tls_client_certificates=client_certificates, **options)

    return start


@pytest.fixture
def files(authority, tmp_path):
    """The settings of a TLS port."""
    issued = authority.issue("node", days=90)
    shutil.copy(issued.certificate, tmp_path / "node.pem")
    shutil.copy(issued.key, tmp_path / "node.key")
    return {
        "dicom_tls_port": 0,
        "dicom_tls_certificate": tmp_path / "node.pem",
        "dicom_tls_key": tmp_path / "node.key",
        "dicom_tls_ca": authority.ca,
    }


@pytest.fixture
def client(authority):
    """Return what a client speaks, with a certificate of the right authority unless another is given."""

    def make(issued=None, **other):
        issued = issued or authority.issue("client", "ct1")
        files = {"certificate": issued.certificate, "key": issued.key} | other
        return client_context(TlsFiles(authority.ca, **files))

    return make


@pytest.fixture
def connect():
    peers = []

    def connect(port, secure=None, source="127.0.0.1"):
        peers.append(Peer.connect(port, source, secure))
        return peers[-1]

    yield connect
    for peer in peers:
        peer.connection.close()


def answer_to(port, secure) -> int:
    """Return the type of the answer to an association request, 0 when the connection ends first."""
    try:
        with Peer.connect(port, context=secure) as peer:
            return peer.associate(CONTEXTS)
    except OSError:
        return CLOSED


def store(peer: Peer) -> int:
    [ds] = head_ct(slices=1)
    ds.SOPInstanceUID = generate_uid()
    return peer.store(3, CT, *data_set_of(ds))


def test_an_instance_comes_in_over_tls_beside_one_without(intake, client, connect):
    node = intake()
    for peer in (connect(node.tls_port, client()), connect(node.port)):
        assert peer.associate(CONTEXTS) == ACCEPTED
        assert peer.echo() == 0
        assert store(peer) == 0
        assert peer.send(RELEASE).read()[0] == 6
    assert peer.read()[0] == CLOSED


def test_the_plain_port_can_be_left_out(intake, client):
    node = intake(dicom_plain_enabled=False)
    assert node.port == 0
    assert answer_to(node.tls_port, client()) == ACCEPTED


def test_what_came_in_one_record_with_the_request_is_for_the_association(intake, client, connect):
    peer = connect(intake().tls_port, client())
    echo = data(1, command(Operation.C_ECHO, b"1.2.840.10008.1.1", None, False), is_command=True)
    assert peer.associate(CONTEXTS + echo) == ACCEPTED
    assert peer.status() == 0


def test_a_request_in_many_records_is_served_when_it_is_whole(intake, client, connect):
    peer = connect(intake().tls_port, client())
    for byte in CONTEXTS[:-1]:
        peer.send(bytes([byte]))
    assert peer.associate(CONTEXTS[-1:]) == ACCEPTED


def test_a_handshake_that_comes_byte_by_byte_is_served(intake, client, connect):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = client().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    peer = connect(intake().tls_port)
    with pytest.raises(ssl.SSLWantReadError):
        secured.do_handshake()
    for byte in outgoing.read():
        peer.send(bytes([byte]))
    while True:
        incoming.write(peer.connection.recv(1 << 14))
        try:
            secured.do_handshake()
            break
        except ssl.SSLWantReadError:
            continue
    secured.write(CONTEXTS)
    peer.send(outgoing.read())
    incoming.write(peer.connection.recv(1 << 14))
    assert secured.read(1) == bytes([ACCEPTED])


@pytest.mark.parametrize(
    ("wanted", "shown", "is_let_in"),
    [
        ("required", "right", True),
        ("required", "wrong", False),
        ("required", "ended", False),
        ("required", "none", False),
        ("optional", "right", True),
        ("optional", "wrong", False),
        ("optional", "none", True),
        ("off", "wrong", True),
        ("off", "none", True),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_wanted_as_the_setting_says(
    intake, client, authority, stranger, wait_for, wanted, shown, is_let_in, version
):
    node = intake(wanted)
    secure = {
        "right": lambda: client(),
        "wrong": lambda: client(stranger.issue("client", "ct1")),
        "ended": lambda: client(authority.issue("ended", "ct1", days=-1)),
        "none": lambda: client(certificate=None, key=None),
    }[shown]()
    secure.maximum_version = version
    assert answer_to(node.tls_port, secure) == (ACCEPTED if is_let_in else CLOSED)
    if not is_let_in:
        words = {
            "wrong": "its certificate is not accepted: ",
            "ended": "its certificate is not accepted: certificate has expired",
            "none": "the TLS handshake failed: peer did not return a certificate",
        }[shown]
        wait_for(lambda: f"The connection was closed: {words}" in "".join(node.events("instance_refused")), "the event")
    assert answer_to(node.tls_port, client()) == ACCEPTED


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_an_older_tls_is_refused(intake, client, wait_for):
    node, secure = intake(), client()
    secure.set_ciphers("ALL:@SECLEVEL=0")
    secure.minimum_version = secure.maximum_version = ssl.TLSVersion.TLSv1_1
    assert answer_to(node.tls_port, secure) == CLOSED
    said = "the TLS handshake failed: unsupported protocol"
    wait_for(lambda: said in "".join(node.events("instance_refused")), "the event")


def test_a_plain_peer_at_the_tls_port_and_the_other_way_round_are_told_apart(intake, client, connect, wait_for):
    node = intake()
    peer = connect(node.tls_port).send(CONTEXTS)
    assert peer.read()[0] == CLOSED
    said = "The connection was closed: an association request without TLS came to the TLS port."
    wait_for(lambda: said in "".join(node.events("instance_refused")), "the event")
    assert answer_to(node.port, client()) == CLOSED
    said = "The association was aborted: a TLS handshake came to the port without TLS."
    wait_for(lambda: said in "".join(node.events("instance_refused")), "the event")


@pytest.mark.parametrize(
    "begin", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05", b"\x16\x03\x01\xff\xff" + bytes(99)]
)
def test_whatever_comes_to_the_tls_port_it_goes_on(intake, client, connect, begin):
    node = intake(connect_timeout_seconds=0.3)
    peer = connect(node.tls_port).send(begin)
    while peer.read()[0] != CLOSED:  # at the latest when the time for a request is over
        pass
    assert answer_to(node.tls_port, client()) == ACCEPTED
    assert node.listener.state().last_error is None


def hello() -> bytes:
    """Return how a client begins, which makes the node calculate."""
    outgoing = ssl.MemoryBIO()
    secured = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        secured.do_handshake()
    return outgoing.read()


@pytest.mark.slow
@pytest.mark.parametrize("port", ["port", "tls_port"])
def test_an_address_that_holds_all_it_may_keeps_nobody_out(intake, client, connect, port):
    node = intake(maximum_associations=6, maximum_associations_per_address=4)
    for _ in range(4):
        peer = connect(node.tls_port, client(), HOSTILE)
        assert peer.associate(CONTEXTS) == ACCEPTED
        peer.send(STORE, data(3, bytes(5000), is_last=False))
    for number in range(150):
        half = connect(node.tls_port, source=HOSTILE)
        if number % 2:
            half.send(hello())
    for number in range(10):
        # Those that were sent away come back at once.
        for _ in range(20):
            connect(node.tls_port, source=HOSTILE).send(hello())
        begin = time.monotonic()
        secure = client() if port == "tls_port" else None
        with Peer.connect(getattr(node, port), context=secure) as peer:
            assert peer.associate(CONTEXTS) == ACCEPTED, number
            assert peer.echo() == 0
            assert time.monotonic() - begin < 2
            peer.send(RELEASE).read()


@pytest.mark.parametrize("first", [b"", CONTEXTS], ids=["before", "after"])
def test_who_only_renews_its_keys_is_silent_before_and_after_its_request(intake, client, first):
    node = intake("off", connect_timeout_seconds=1, association_idle_seconds=1)
    renewer = KeyRenewer(node.tls_port, HOSTILE)
    if first:
        renewer.send(first)
    begin = time.monotonic()
    while renewer.renew():
        assert time.monotonic() - begin < 20, "it is never ended"
    renewer.close()
    assert answer_to(node.tls_port, client()) == ACCEPTED


@pytest.mark.slow
def test_an_association_over_tls_makes_room_for_a_newcomer(intake, client, connect):
    node = intake(maximum_associations=2)
    idle = [connect(node.tls_port, client()) for _ in range(2)]
    assert [peer.associate(CONTEXTS) for peer in idle] == [ACCEPTED, ACCEPTED]
    assert connect(node.tls_port, client()).associate(CONTEXTS) == ACCEPTED
    assert idle[0].read()[0] == CLOSED
    assert idle[1].echo() == 0


def test_a_silent_association_over_tls_is_ended_and_an_odd_one_is_aborted(intake, client, connect):
    node = intake(association_idle_seconds=0.3)
    peer = connect(node.tls_port, client())
    assert peer.associate(CONTEXTS) == ACCEPTED
    assert peer.read()[0] == CLOSED
    peer = connect(node.tls_port, client())
    assert peer.associate(CONTEXTS) == ACCEPTED
    assert peer.send(CONTEXTS).read()[0] == ABORTED


def test_a_new_certificate_is_shown_while_associations_are_open(intake, authority, client, connect, tmp_path):
    node = intake()
    old = connect(node.tls_port, client())
    assert old.associate(CONTEXTS) == ACCEPTED
    shown = old.connection.getpeercert()["serialNumber"]
    issued = authority.issue("renewed", days=300)
    shutil.copy(issued.certificate, tmp_path / "node.pem")
    shutil.copy(issued.key, tmp_path / "node.key")
    node.listener.certificate.follow()
    new = connect(node.tls_port, client())
    assert new.connection.getpeercert()["serialNumber"] != shown
    assert new.associate(CONTEXTS) == ACCEPTED
    assert [store(old), store(new)] == [0, 0]


def test_no_session_is_resumed_without_its_certificates(intake, client):
    node, secure = intake(), client()
    with Peer.connect(node.tls_port, context=secure) as peer:
        assert peer.associate(CONTEXTS) == ACCEPTED
        assert peer.connection.session is None or not peer.connection.session.has_ticket


def test_a_listener_whose_second_port_is_in_use_leaves_the_first(intake, files, make_settings, tmp_path):
    node = intake()
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = other.getsockname()[1]
    ports = {"dicom_port": free, "dicom_tls_port": node.tls_port}
    with pytest.raises(AddressUnavailable, match=str(node.tls_port)):
        Listener(make_settings(**files | ports), node.ingest).start()
    socket.create_server(("127.0.0.1", free)).close()
