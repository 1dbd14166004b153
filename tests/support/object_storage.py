"""An S3 server of the test's own (moto), which may be told to answer 503, and clients that reach it."""

import itertools
import threading
from collections.abc import Iterable
from typing import Any

import boto3
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEY = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
_names = itertools.count()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


class ObjectStorage:
    """A server; each bucket that is made has a name of its own, as moto's servers share them.

    Attributes
    ----------
    is_busy
        Whether it answers 503.
    answers_left
        So many requests are answered, then none but by 503; None for all.
    """

    def __init__(self, ssl_context: tuple[str, str] | None = None, host: str = "127.0.0.1") -> None:
        self.host = host
        self._application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            host, 0, self._answer, threaded=True, request_handler=_Quiet, ssl_context=ssl_context
        )
        self.port = self._server.server_port
        self.scheme = "http" if ssl_context is None else "https"
        self.requests: list[tuple[str, str]] = []
        self.is_busy = False
        self.answers_left: int | None = None
        self._thread = threading.Thread(target=self._server.serve_forever, name="object-storage", daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Where it is."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def make_bucket(self) -> str:
        """Make a bucket and return its name."""
        name = f"triage-test-{next(_names)}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self) -> Any:
        """Return a client of the tests' own, which looks from outside."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://{self.host}:{self.port}",
            aws_access_key_id=KEY["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEY["AWS_SECRET_ACCESS_KEY"],
            region_name=KEY["AWS_REGION"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def contents(self, bucket: str) -> dict[str, bytes]:
        """Return what is in a bucket."""
        client = self.client()
        return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in self.keys(bucket)}

    def keys(self, bucket: str) -> list[str]:
        """Return the names of what is in a bucket."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _refuses(self) -> bool:
        if self.answers_left is not None:
            self.answers_left -= 1
            return self.answers_left < 0
        return self.is_busy

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if self._refuses():
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("503 Service Unavailable", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"]
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer
