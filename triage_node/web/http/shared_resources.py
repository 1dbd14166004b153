"""DICOMweb for pages of other origins (CORS, the Fetch standard): with a token in a header, never with cookies."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SHARED = ("/dicomweb", "/wado")


class SharedResources:
    """Let pages of some origins read what lies below `SHARED`.

    Parameters
    ----------
    allow_origins
        Each a scheme, a host and maybe a port.
    """

    def __init__(self, app: ASGIApp, allow_origins: Sequence[str]) -> None:
        self._app = app
        self._has_origins = bool(allow_origins)
        self._shared = CORSMiddleware(
            app,
            allow_origins=list(allow_origins),
            allow_methods=["GET", "HEAD", "POST", "PUT", "OPTIONS"],
            allow_headers=["Authorization", "Accept", "Content-Type"],
            expose_headers=["Content-Location", "Location", "Retry-After", "Warning"],
            allow_credentials=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        is_shared = self._has_origins and scope["type"] == "http" and scope["path"].startswith(SHARED)
        await (self._shared if is_shared else self._app)(scope, receive, send)
