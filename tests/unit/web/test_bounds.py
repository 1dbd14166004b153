"""What a stranger could use up: connections, memory of heads, streams, processors for hashes."""

import asyncio
import socket
import threading
import time

import pytest
from sites import token_in
from starlette.exceptions import HTTPException

from triage_node.identity import Role
from triage_node.web.http.connection_limits import BoundedConnection
from triage_node.web.http.event_streams import Streams
from triage_node.web.security.password_checks import Hashing
from triage_node.web.server import WebServer

pytestmark = pytest.mark.slow


@pytest.fixture
def dial(site, request):
    """Serve the application as the node does, and open connections to it."""
    settings = site.settings.model_copy(update=getattr(request, "param", {}))
    server = WebServer(settings, site.worklist, site.spool, ingest=site.ingest)
    server.start()
    lines: list[socket.socket] = []

    def dial() -> socket.socket:
        lines.append(socket.create_connection(("127.0.0.1", server.port), 10))
        return lines[-1]

    yield dial
    for line in lines:
        line.close()
    server.stop()


def is_cut(line: socket.socket) -> bool:
    """Wait for the end of a connection that nobody answers."""
    try:
        return line.recv(100) == b""
    except ConnectionResetError:
        return True


def asks(line: socket.socket) -> bytes:
    line.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return line.recv(15)


def test_a_small_answer_does_not_wait_for_an_acknowledgement(dial, monkeypatch):
    found, complete = [], BoundedConnection.on_headers_complete

    def note(connection):
        line = connection.transport.get_extra_info("socket")
        found.append(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        complete(connection)

    monkeypatch.setattr(BoundedConnection, "on_headers_complete", note)
    asks(dial())
    assert found == [1]


def test_a_connection_that_says_nothing_or_never_ends_its_head_is_cut(dial, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "head_seconds", 0.5)
    silent, slow, second = dial(), dial(), dial()
    slow.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:")
    assert asks(second) == b"HTTP/1.1 200 OK"
    second.sendall(b"GET / HT")
    assert is_cut(silent)
    assert is_cut(slow)


def test_a_head_without_end_does_not_fill_the_memory(dial, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "largest_head", 1 << 16)
    line = dial()
    with pytest.raises(OSError):
        line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
        for _ in range(10_000):
            line.sendall(b"X" * 4096)
    assert asks(dial()) == b"HTTP/1.1 200 OK"


def test_one_address_has_so_many_connections_and_no_more(dial, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "most_of_one_address", 2)
    first, second = dial(), dial()
    assert asks(first) == asks(second) == b"HTTP/1.1 200 OK"
    assert is_cut(dial())
    first.close()
    second.close()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        line = dial()
        try:
            if asks(line):
                return
        except OSError:
            line.close()
    pytest.fail("the address is shut out for good")


@pytest.mark.parametrize(
    "dial", [{"web_behind_proxy": True, "web_trusted_proxies": ("10.0.0.1", "127.0.0.0/8")}], indirect=True
)
def test_a_trusted_proxy_speaks_for_many(dial, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "most_of_one_address", 1)
    assert {asks(dial()) for _ in range(3)} == {b"HTTP/1.1 200 OK"}


def trickled(line: socket.socket, head: bytes, seconds: float) -> bytes:
    """Send a body byte by byte and return what is answered until the connection is cut or the time is over."""
    line.sendall(head)
    line.settimeout(0.05)
    answer, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            line.sendall(b"a")
            part = line.recv(4096)
            if not part:
                return answer + b" cut"
            answer += part
        except TimeoutError:
            continue
        except OSError:
            return answer + b" cut"
    return answer


@pytest.mark.parametrize("path", ["/sign-in", "/api/worklist", "/nowhere", "/account/password"])
@pytest.mark.parametrize("length", ["Content-Length: 9000", "Transfer-Encoding: chunked"])
def test_a_body_of_a_stranger_that_never_ends_is_cut(dial, monkeypatch, path, length):
    monkeypatch.setattr(BoundedConnection, "body_seconds", 0.3)
    monkeypatch.setattr(BoundedConnection, "refused_body_seconds", 0.3)
    form = "Content-Type: application/x-www-form-urlencoded"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{form}\r\n{length}\r\n\r\n"
    if "chunked" in length:
        head += "9000\r\n"
    assert trickled(dial(), head.encode(), 10).endswith(b" cut")


STOW = "POST /dicomweb/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000\r\n"
PARTS = 'Content-Type: multipart/related; type="application/dicom"; boundary=x\r\n\r\n'


def test_a_stranger_may_not_go_on_to_store(dial, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "refused_body_seconds", 0.3)
    answer = trickled(dial(), (STOW + PARTS).encode(), 10)
    assert answer.startswith(b"HTTP/1.1 401")
    assert answer.endswith(b" cut")


def test_a_program_that_stores_has_the_time_it_needs(dial, site, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "body_seconds", 0.1)
    monkeypatch.setattr(BoundedConnection, "refused_body_seconds", 0.1)
    token = site.worklist.tokens.add("pacs", Role.SERVICE)
    head = f"{STOW}Authorization: Bearer {token}\r\n{PARTS}--x\r\nContent-Type: application/dicom\r\n\r\n"
    assert trickled(dial(), head.encode(), 1.0) == b""


def test_a_form_to_sign_in_is_small(site):
    browser = site.browser()
    token_in(browser, browser.get("/sign-in").text)
    assert browser.submit("/sign-in", name="ray", password="x" * (17 << 10)).status_code == 413


def test_a_stranger_who_only_holds_a_place_gives_way(dial, monkeypatch, site):
    monkeypatch.setattr(BoundedConnection, "most_of_one_address", 2)
    monkeypatch.setattr(BoundedConnection, "stranger_seconds", 0.0)
    first, second = dial(), dial()
    token = site.worklist.tokens.add("monitor", Role.SERVICE)
    first.sendall(f"GET /api/worklist HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert first.recv(15) == b"HTTP/1.1 200 OK"
    assert asks(dial()) == b"HTTP/1.1 200 OK"
    assert is_cut(second), "the stranger was there before, but who is known stays"
    first.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert first.recv(15) != b""


def test_all_strangers_together_have_so_many_places(dial, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "most_strangers", 2)
    oldest, other = dial(), dial()
    assert asks(dial()) == b"HTTP/1.1 200 OK"
    assert is_cut(oldest)
    assert asks(other) == b"HTTP/1.1 200 OK"


def test_the_oldest_of_too_many_streams_of_a_person_gives_way():
    streams = Streams(each=2, together=4)
    own = [streams.open("ray") for _ in range(3)]
    other = streams.open("rosa")
    assert [stream.is_replaced for stream in (*own, other)] == [True, False, False, False]
    with pytest.raises(HTTPException) as refused:
        streams.check()
    assert refused.value.status_code == 503
    streams.close(own[0])
    streams.check()
    streams.open("ray")
    assert own[1].is_replaced
    assert not own[2].is_replaced


def test_few_hashes_are_made_at_once_and_few_wait():
    running, most, gate = 0, 0, threading.Event()
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(10)
        with lock:
            running -= 1

    async def crowd() -> list[BaseException | None]:
        hashing = Hashing(at_once=2, most_waiting=3)
        tasks = [asyncio.create_task(hashing.run(work)) for _ in range(9)]
        asyncio.get_running_loop().call_later(0.2, gate.set)
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(crowd())
    assert most == 2
    assert sum(isinstance(answer, HTTPException) and answer.status_code == 503 for answer in answers) == 4
    assert sum(answer is None for answer in answers) == 5
