"""Requests that another site made a browser send: every form carries a token, and where it comes from is checked."""

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from triage_node.web.security.errors import Forbidden
from triage_node.web.security.principal import form_token

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FIELD = "form_token"
HEADER = "X-CSRF-Token"


async def check_not_forged(request: Request, secret: str) -> None:
    """Let a request pass that one of our own pages made.

    Parameters
    ----------
    secret
        The value of the cookie the token belongs to.

    Raises
    ------
    Forbidden
        The request came from elsewhere, or without the token.
    """
    check_same_origin(request)
    sent = request.headers.get(HEADER, "")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not sent and kind == "application/x-www-form-urlencoded":
        sent = str((await request.form()).get(FIELD, ""))
    if not secret or not hmac.compare_digest(sent.encode(), form_token(secret).encode()):
        raise Forbidden("The form is out of date. Load the page again and repeat.")


def check_same_origin(request: Request) -> None:
    """Refuse what a browser says came from another site.

    Raises
    ------
    Forbidden
        Sec-Fetch-Site or Origin name another site.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("The request came from another site.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise Forbidden("The request came from another site.")
