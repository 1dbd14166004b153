"""STOW-RS as a destination: what a server answers, and what becomes of the report for it."""

import io
import socket
import tracemalloc
import zlib
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from certificates import Authority
from pydicom import dcmread
from web_peers import Answer, WebPeer, stored

from triage_node.delivery import Caller, target_of
from triage_node.dimse import server_context
from triage_node.endpoints import Destination
from triage_node.errors import PeerBusy, PeerCongested, PeerDenied, PeerRefused, PeerUnreachable, Trouble
from triage_node.report import build_connection_test, report_variants
from triage_node.user_agent.http import LONGEST_ANSWER_BYTES, LONGEST_RETRY_AFTER_SECONDS, retry_after

pytestmark = pytest.mark.usefixtures("collect_sockets")
CALLER = Caller("TRIAGE", 2.0, 2.0)


@pytest.fixture(scope="module")
def variants():
    return report_variants(build_connection_test("TRIAGE", "2.25.7", datetime(2026, 1, 2, tzinfo=UTC)))


@pytest.fixture
def peer():
    peer = WebPeer()
    yield peer
    peer.stop()


@pytest.fixture
def target():
    targets = []

    def target(peer, **options):
        targets.append(target_of(Destination(url=peer.url, **options), CALLER))
        return targets[-1]

    yield target
    for one in targets:
        one.rest()


def test_a_report_arrives_byte_for_byte_over_one_connection(peer, target, variants):
    sender = target(peer)
    for _ in range(3):
        assert sender.send(variants) is variants[0]
    first = peer.requests[0]
    assert (first.method, first.headers["Accept"]) == ("POST", "application/dicom+json")
    buffer = io.BytesIO()
    variants[0].save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    assert first.instance() == dcmread(buffer)
    assert buffer.getvalue() in first.body
    assert len(peer.connections) == 1


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (400, PeerRefused, False),
        (410, PeerRefused, False),
        (413, PeerRefused, False),
        (415, PeerRefused, False),
        (422, PeerRefused, False),
        (501, PeerRefused, False),
        (302, PeerDenied, True),
        (401, PeerDenied, True),
        (403, PeerDenied, True),
        (404, PeerDenied, True),
        (408, PeerCongested, True),
        (429, PeerCongested, True),
        (502, PeerCongested, True),
        (503, PeerCongested, True),
        (504, PeerCongested, True),
        (500, PeerBusy, True),
    ],
)
def test_a_status_tells_permanent_from_transient(peer, target, variants, status, error, retryable):
    peer.answer = lambda _: Answer(status, b"why", {"Location": "http://127.0.0.1:1/"})
    with pytest.raises(error, match=f"answered {status}") as raised:
        target(peer).send(variants)
    assert (type(raised.value), raised.value.retryable) == (error, retryable)
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (202, 0xA700, PeerBusy),
        (409, 0xA700, PeerBusy),
        (200, 0x0110, PeerBusy),
        (202, 0xC000, PeerRefused),
        (409, 0xA900, PeerRefused),
        (409, 0x0124, PeerRefused),
    ],
)
def test_the_reason_of_a_failed_instance_tells_permanent_from_transient(peer, target, variants, status, reason, error):
    peer.answer = lambda request: stored(request, status, reason)
    with pytest.raises(error, match=f"0x{reason:04X}") as raised:
        target(peer).send(variants)
    assert type(raised.value) is error
    assert len(peer.requests) == 1


def test_a_class_that_is_not_taken_is_followed_by_the_next(peer, target, variants):
    def answer(request):
        is_last = request.instance().SOPClassUID == variants[-1].SOPClassUID
        return stored(request) if is_last else stored(request, 409, 0x0122)

    peer.answer = answer
    assert target(peer).send(variants) is variants[-1]
    peer.answer = lambda request: stored(request, 409, 0x0122)
    with pytest.raises(PeerRefused, match="accepts none of the SOP classes"):
        target(peer).send(variants)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in</html>",
        b"[" * 100_000,
        b'{"00081199": {"Value": [{"00081155": {"Value": ["1.2"]}}]}}',
        b"7",
    ],
)
@pytest.mark.parametrize("status", [200, 202])
def test_what_is_not_said_to_be_stored_is_not(peer, target, variants, status, body):
    peer.answer = lambda _: Answer(status, body)
    with pytest.raises(PeerUnreachable, match="without a word on the instance"):
        target(peer).send(variants)


def test_a_server_says_when_it_is_to_be_called_again(peer, target, variants):
    peer.answer = lambda _: Answer(503, headers={"Retry-After": "120"})
    with pytest.raises(PeerCongested) as raised:
        target(peer).send(variants)
    assert raised.value.retry_after_seconds == 120


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", 0),
        ("0", 0),
        ("90", 90),
        ("1e3", 0),
        ("-5", 0),
        ("soon", 0),
        ("9" * 400, LONGEST_RETRY_AFTER_SECONDS),
        (format_datetime(datetime.fromtimestamp(1_000_060, UTC), usegmt=True), 60),
        (format_datetime(datetime.fromtimestamp(999_000, UTC), usegmt=True), 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_an_hour_at_most(value, seconds):
    assert retry_after(value, 1_000_000.0) == seconds


def test_credentials_are_read_from_their_files_at_each_call(peer, target, variants, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    sender = target(peer, token_file=secret)
    sender.send(variants)
    secret.write_text("second")
    sender.send(variants)
    target(peer, user="node", password_file=secret).send(variants)
    assert [one.headers["Authorization"] for one in peer.requests] == [
        "Bearer first",
        "Bearer second",
        "Basic bm9kZTpzZWNvbmQ=",
    ]
    for content in (None, b"two\nlines", b"\xff\xfe"):
        secret.unlink(missing_ok=True)
        if content is not None:
            secret.write_bytes(content)
        with pytest.raises(PeerUnreachable, match=r"cannot be called: .*secret") as raised:
            sender.send(variants)
        assert "lines" not in str(raised.value)


def test_a_long_answer_and_a_silent_server_are_hung_up_on(peer, target, variants):
    peer.answer = lambda _: Answer(200, bytes(LONGEST_ANSWER_BYTES + 1))
    with pytest.raises(PeerUnreachable, match="too long or too slow"):
        target(peer).send(variants)
    with pytest.raises(PeerUnreachable, match="cannot be reached") as raised:
        target_of(Destination(url="http://127.0.0.1:1/studies"), CALLER).send(variants)
    assert raised.value.trouble is Trouble.NOT_REACHED
    with pytest.raises(PeerUnreachable) as raised:
        target_of(Destination(url="http://nobody.invalid/studies"), CALLER).send(variants)
    assert raised.value.trouble is Trouble.NOT_REACHED


def test_a_server_that_takes_the_request_and_says_nothing_does_not_answer(variants):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/studies"
        with pytest.raises(PeerUnreachable) as raised:
            target_of(Destination(url=url), Caller("TRIAGE", 0.3, 0.3)).send(variants)
    assert raised.value.trouble is Trouble.NO_ANSWER


def test_an_answer_that_inflates_to_gigabytes_is_hung_up_on(peer, target, variants):
    deflater = zlib.compressobj(9, wbits=31)
    bomb = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(200)) + deflater.flush()
    peer.answer = lambda _: Answer(200, bomb, {"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(PeerUnreachable, match="too long or too slow"):
            target(peer).send(variants)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


def test_a_connection_that_the_server_closed_between_two_reports_is_opened_again(peer, target, variants):
    peer.answer = lambda request: Answer(200, stored(request).body, {"Connection": "close"})
    sender = target(peer)
    assert [sender.send(variants), sender.send(variants)] == [variants[0]] * 2
    assert len(peer.connections) == 2


def test_proxies_and_passwords_of_the_environment_are_not_used(peer, target, variants, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password theirs\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    target(peer).send(variants)
    assert peer.requests[0].headers["Authorization"] is None


@pytest.mark.parametrize(
    ("status", "words"), [(200, "answers a search in"), (204, "answers a search in"), (405, "not a search .405.")]
)
def test_a_check_asks_for_nobodys_study(peer, target, status, words):
    peer.answer = lambda _: Answer(status)
    assert words.replace("not a search .405.", "not a search (405)") in target(peer).check()
    assert peer.requests[0].path == "/dicomweb/studies?StudyInstanceUID=2.25.0&limit=1"


def test_a_check_fails_where_reports_would(peer, target):
    peer.answer = lambda _: Answer(401)
    with pytest.raises(PeerDenied, match="credentials"):
        target(peer).check()


def test_over_tls_both_sides_are_known_by_their_certificates(target, variants, tmp_path):
    authority, stranger = Authority(tmp_path / "ca"), Authority(tmp_path / "stranger")
    server, client = authority.issue("server", "pacs.example"), authority.issue("client")
    context = server_context(server.certificate, server.key, authority.ca, "required")
    peer = WebPeer(context=context)
    shown = {"tls_certificate": client.certificate, "tls_key": client.key, "tls_server_name": "pacs.example"}
    try:
        assert target(peer, tls_ca=authority.ca, **shown).send(variants) is variants[0]
        for wrong, words in (
            ({"tls_ca": stranger.ca, **shown}, "certificate is not accepted"),
            ({**shown}, "certificate is not accepted"),
            ({"tls_ca": authority.ca, **shown, "tls_server_name": None}, "certificate is not accepted: .*127"),
            (
                {"tls_ca": authority.ca, "tls_server_name": "pacs.example"},
                r"does not answer: .*(handshake failed: [^(]*\.$|reset)",
            ),
        ):
            with pytest.raises(PeerUnreachable, match=words):
                target(peer, **wrong).send(variants)
        assert len(peer.requests) == 1
    finally:
        peer.stop()
