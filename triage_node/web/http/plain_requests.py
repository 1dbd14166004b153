"""Requests that mean the same as others: HEAD, which is GET without a body, and addresses that end with a slash."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class PlainRequests:
    """Serve HEAD as GET whose body is not sent (RFC 9110 9.3.2), and DICOMweb without a slash at the end of a path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith("/dicomweb/") and path.endswith("/"):
            scope = {**scope, "path": path.rstrip("/"), "raw_path": scope.get("raw_path", b"").rstrip(b"/")}
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        await self._app({**scope, "method": "GET"}, receive, _without_body(send))


def _without_body(send: Send) -> Send:
    async def send_bare(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_bare
