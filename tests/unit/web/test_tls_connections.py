"""A stranger who begins a TLS handshake and says no more does not keep others out."""

import socket
import ssl
import subprocess

import pytest

from triage_node.web.http import tls_connections
from triage_node.web.server import WebServer

pytestmark = pytest.mark.slow


@pytest.fixture
def serve(site, tmp_path):
    """Serve the application over TLS; return its port and a client's context."""
    key, certificate = tmp_path / "node.key", tmp_path / "node.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    settings = site.settings.model_copy(update={"web_tls_certificate": certificate, "web_tls_key": key})
    server = WebServer(settings, site.worklist, site.spool, ingest=site.ingest)
    server.start()
    yield server.port, ssl.create_default_context(cafile=str(certificate))
    server.stop()


@pytest.fixture
def dial(serve):
    """Open connections that say nothing."""
    lines: list[socket.socket] = []

    def dial() -> socket.socket:
        lines.append(socket.create_connection(("127.0.0.1", serve[0]), 10))
        return lines[-1]

    yield dial
    for line in lines:
        line.close()


def ask(serve) -> bytes:
    port, context = serve
    plain = socket.create_connection(("127.0.0.1", port), 10)
    with context.wrap_socket(plain, server_hostname="localhost") as line:
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: line.recv(4096), b""))


def is_cut(line: socket.socket) -> bool:
    try:
        return line.recv(100) == b""
    except ConnectionResetError:
        return True


def test_requests_are_answered(serve):
    for _ in range(3):
        assert ask(serve).startswith(b"HTTP/1.1 200")


def test_who_says_nothing_is_cut(serve, dial, monkeypatch):
    monkeypatch.setattr(tls_connections, "HANDSHAKE_SECONDS", 0.2)
    assert is_cut(dial())


@pytest.mark.parametrize("limit", ["MOST_OF_ONE_ADDRESS", "MOST_HANDSHAKES"])
def test_the_oldest_handshake_gives_way_and_others_are_served(serve, dial, monkeypatch, limit):
    monkeypatch.setattr(tls_connections, limit, 3)
    lines = [dial() for _ in range(5)]
    assert [is_cut(line) for line in lines[:2]] == [True, True]
    assert ask(serve).startswith(b"HTTP/1.1 200")


def test_nonsense_in_place_of_a_handshake_is_cut(serve, dial):
    line = dial()
    line.sendall(b"GET / HTTP/1.1\r\n\r\n")
    while not is_cut(line):
        pass
    assert ask(serve).startswith(b"HTTP/1.1 200")
