"""A DICOMweb server on loopback that answers what a test tells it to, over HTTP as it is."""

import email.message
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    headers: email.message.Message
    body: bytes

    def instance(self) -> Dataset:
        """Return the one instance in a multipart body."""
        boundary = self.headers.get_param("boundary").encode()
        _, part, end = self.body.split(b"--" + boundary)
        assert end == b"--\r\n"
        head, _, content = part.removesuffix(b"\r\n").partition(b"\r\n\r\n")
        assert head == b"\r\nContent-Type: application/dicom"
        return dcmread(BytesIO(content))


@dataclass
class Answer:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def stored(request: Request, status: int = 200, reason: int | None = None) -> Answer:
    """Answer that an instance was stored, or not for a reason (PS3.18 10.5.3.2)."""
    item = {"00081155": {"vr": "UI", "Value": [str(request.instance().SOPInstanceUID)]}}
    if reason is not None:
        item["00081197"] = {"vr": "US", "Value": [reason]}
    body = json.dumps({"00081199" if reason is None else "00081198": {"vr": "SQ", "Value": [item]}}).encode()
    return Answer(status, body, {"Content-Type": "application/dicom+json"})


class WebPeer:
    """Serve until it is stopped; ``requests`` are those that came, ``connections`` those that were opened."""

    def __init__(
        self,
        answer: Callable[[Request], Answer] = stored,
        context: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.connections: set[tuple] = set()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                peer.connections.add(self.client_address)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, self.headers, body)
                peer.requests.append(request)
                answer = peer.answer(request)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = do_OPTIONS = do_HEAD = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that goes away is what some tests want."""

        self._server = Server(("127.0.0.1", port), Handler)
        self.scheme = "http"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it takes instances."""
        return f"{self.scheme}://127.0.0.1:{self._server.server_address[1]}/dicomweb/studies"

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
