"""TLS over bytes that were read in turns: what comes out, and that renewed keys cannot keep who reads."""

import socket
import ssl
import threading

import pytest
from key_renewals import KeyRenewer

from triage_node.dimse import client_context, server_context
from triage_node.dimse.tls import TlsStream
from triage_node.endpoints import TlsFiles

TURN = 4096


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def accept(listening, authority):
    """Take a connection and shake hands."""
    streams = []
    issued = authority.issue("stream")

    def accept():
        connection, _ = listening.accept()
        connection.settimeout(10)
        stream = TlsStream(connection, server_context(issued.certificate, issued.key))
        streams.append(stream)
        while True:
            try:
                stream.shake_hands()
                stream.flush()
                return stream, connection
            except ssl.SSLWantReadError:
                stream.flush()
                assert stream.feed()

    yield accept
    for stream in streams:
        stream.close()


@pytest.fixture
def renewals(listening):
    """A client that renews its keys until it is stopped."""
    stop = threading.Event()

    def renew():
        renewer = KeyRenewer(listening.getsockname()[1])
        while not stop.is_set() and renewer.renew():
            pass
        renewer.close()

    thread = threading.Thread(target=renew)
    thread.start()
    yield thread
    stop.set()
    thread.join(10)


def test_no_more_is_decrypted_than_was_read(renewals, accept, wait_for):
    stream, connection = accept()
    wait_for(lambda: len(connection.recv(4 * TURN, socket.MSG_PEEK)) == 4 * TURN, "renewals to wait")
    for _ in range(3):
        assert stream.feed(TURN)
        with pytest.raises(ssl.SSLWantReadError):
            stream.decrypted(1)
        assert connection.recv(1, socket.MSG_PEEK), "the rest was left for later"


def test_who_sends_nothing_but_renewals_is_silent(renewals, accept):
    stream, _ = accept()
    stream.settimeout(0.2)
    with pytest.raises(TimeoutError):
        while True:
            stream.recv_into(memoryview(bytearray(100)))
    stream.shutdown(socket.SHUT_RDWR)


def test_what_is_sent_comes_out_whole_both_ways(listening, accept, authority):
    content = bytes(range(256)) * 2000

    def send_and_receive():
        plain = socket.create_connection(listening.getsockname())
        with client_context(TlsFiles(authority.ca)).wrap_socket(plain, server_hostname="127.0.0.1") as client:
            client.sendall(content)
            back = b""
            while len(back) < len(content):
                back += client.recv(1 << 16)
            answers.append(back)

    answers: list[bytes] = []
    thread = threading.Thread(target=send_and_receive)
    thread.start()
    stream, _ = accept()
    got = bytearray(len(content))
    at = 0
    while at < len(got):
        at += stream.recv_into(memoryview(got)[at : at + 70_000])
    assert got == content
    stream.sendall(content)
    thread.join(10)
    assert answers == [content]
    assert stream.recv_into(memoryview(bytearray(1))) == 0
