"""An OpenTelemetry collector: it takes traces by OTLP over HTTP and keeps them."""

import gzip
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class ReceivedSpan:
    """A span, and who sent it."""

    name: str
    trace_id: int
    parent_id: int
    service: str
    attributes: dict[str, str]


class OtlpCollector:
    """Listen on a free port of this machine; use it in a `with`."""

    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                is_traces = self.path == "/v1/traces"
                if is_traces:
                    collector.spans += _spans(ExportTraceServiceRequest.FromString(body))
                self.send_response(200 if is_traces else 404)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "OtlpCollector":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _spans(request: ExportTraceServiceRequest) -> list[ReceivedSpan]:
    return [
        ReceivedSpan(
            span.name,
            int.from_bytes(span.trace_id, "big"),
            int.from_bytes(span.parent_span_id, "big"),
            next(one.value.string_value for one in of.resource.attributes if one.key == "service.name"),
            {one.key: one.value.string_value for one in span.attributes},
        )
        for of in request.resource_spans
        for scope in of.scope_spans
        for span in scope.spans
    ]
