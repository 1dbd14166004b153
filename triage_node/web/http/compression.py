"""Answers made smaller (gzip, RFC 9110 8.4.1): text, JSON and XML, and never what is compressed already.

Whoever can make a browser ask, and sees how long the answers are, could guess what stands in a page beside his own
words (BREACH): a form's token, a patient's name. No other site can set an Authorization header, and browsers say which
requests other sites caused (Sec-Fetch-Site, Fetch Metadata). So answers to a session are compressed only for requests
of our own pages and of the person; a browser that does not say gets them as they are.
"""

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

LEVEL = 4
SMALLEST_BYTES = 1400
"""What fits into one packet is no faster when it is smaller."""
NOT_COMPRESSED = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "application/dicom",
    "application/octet-stream",
    "application/pdf",
    "image/*",
    "multipart/related",
)
OWN = ("same-origin", "none")


class Compression:
    """Compress answers for clients that take it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressing = GZipMiddleware(app, SMALLEST_BYTES, LEVEL, exclude_content_types=NOT_COMPRESSED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        is_wanted = scope["type"] == "http" and _takes_gzip(Headers(scope=scope))
        await (self._compressing if is_wanted else self._app)(scope, receive, send)


def _takes_gzip(headers: Headers) -> bool:
    if "gzip" not in headers.get("accept-encoding", ""):
        return False
    return "cookie" not in headers or headers.get("sec-fetch-site") in OWN
