"""Calls to a web server: bounded in size and time, with TLS and credentials from files."""

import base64
import email.utils
import errno
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from triage_node.dimse import client_context, reason_of
from triage_node.endpoints import Endpoint
from triage_node.errors import PeerBusy, PeerCongested, PeerDenied, PeerRefused, PeerUnreachable, SettingsError, Trouble
from triage_node.implementation import IMPLEMENTATION_VERSION_NAME
from triage_node.user_agent.caller import Caller

LONGEST_ANSWER_BYTES = 1 << 20
LONGEST_RETRY_AFTER_SECONDS = 3600.0
CHUNK_BYTES = 1 << 14
DENIED = frozenset([300, 301, 302, 303, 307, 308, 401, 403, 404, 407, 421])
"""Address or credentials are wrong: no fault of the report's, and it goes when a person has mended it."""
CONGESTED = frozenset([408, 425, 429, 502, 503, 504, 507])
NEVER = frozenset([501, 505])


@dataclass(frozen=True)
class HttpResponse:
    """What a server answered; ``retry_after_seconds`` is 0 where it does not say when to come again.

    ``at`` is its own time, seconds since 1970, None where it does not tell (RFC 9110 6.6.1).
    """

    status: int
    body: bytes = b""
    retry_after_seconds: float = 0.0
    content_type: str = ""
    at: float | None = None

    def failure(self, name: str) -> PeerBusy | PeerDenied | PeerRefused:
        """Return the error that a status stands for (RFC 9110 15)."""
        status = self.status
        if status in DENIED:
            return PeerDenied(f"{name} answered {status}: the address or the credentials are not those it wants.")
        if status in CONGESTED:
            wait = self.retry_after_seconds
            return PeerCongested(f"{name} answered {status}: it takes nothing now.", retry_after_seconds=wait)
        if status >= 500 and status not in NEVER:
            return PeerBusy(f"{name} answered {status}: it cannot take the request now.")
        return PeerRefused(f"{name} answered {status}: it refuses the request.")


class _TlsAdapter(HTTPAdapter):
    """Has connections use our TLS context."""

    def __init__(self, **tls: Any) -> None:
        self._tls = tls
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **options, **self._tls)


class HttpCaller:
    """One server and how it is called; proxies and `.netrc` of the environment are not used."""

    def __init__(self, endpoint: Endpoint, caller: Caller, clock: Callable[[], float] = time.time) -> None:
        self._endpoint = endpoint
        self._caller = caller
        self._clock = clock
        self._session: requests.Session | None = None

    def request(
        self,
        method: str,
        url: str,
        accept: str,
        body: bytes | None = None,
        media_type: str = "",
        longest_bytes: int = LONGEST_ANSWER_BYTES,
        more_headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send a request and read its answer to the end, redirections too.

        Parameters
        ----------
        longest_bytes
            A longer answer is not read.

        Raises
        ------
        PeerUnreachable
            There is no answer, it is too long or too slow, or a file that is needed cannot be read.
        """
        name, caller = self._endpoint.name, self._caller
        headers = {"Accept": accept, **self._authorization()} | ({"Content-Type": media_type} if media_type else {})
        headers |= more_headers or {}
        try:
            deadline = time.monotonic() + caller.timeout_seconds + caller.answer_seconds
            with closing(
                self._opened().request(
                    method,
                    url,
                    data=body,
                    headers=headers,
                    timeout=(caller.timeout_seconds, caller.answer_seconds),
                    allow_redirects=False,
                    stream=True,
                )
            ) as response:
                wait = retry_after(response.headers.get("Retry-After", ""), self._clock())
                content_type = response.headers.get("Content-Type", "")
                content = self._read(response, deadline, longest_bytes)
                at = _time_of(response.headers.get("Date", ""))
                return HttpResponse(response.status_code, content, wait, content_type, at)
        except requests.RequestException as error:
            self.close()
            words = f"{name} cannot be reached, or does not answer: {_reason(error)}."
            raise PeerUnreachable(words, trouble=_trouble(error)) from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _opened(self) -> requests.Session:
        if self._session is None:
            try:
                self._session = self._new_session()
            except SettingsError as error:
                raise PeerUnreachable(f"{self._endpoint.name} cannot be called: {error}") from error
        return self._session

    def _new_session(self) -> requests.Session:
        session, tls = requests.Session(), self._endpoint.tls
        session.trust_env = False
        session.headers["User-Agent"] = IMPLEMENTATION_VERSION_NAME
        if self._endpoint.speaks_tls:
            options: dict[str, Any] = {"ssl_context": client_context(tls)}
            if tls.server_name is not None:
                options |= {"server_hostname": tls.server_name, "assert_hostname": tls.server_name}
            session.mount("https://", _TlsAdapter(**options))
            session.verify = str(tls.ca) if tls.ca is not None else True
        return session

    def _authorization(self) -> dict[str, str]:
        endpoint = self._endpoint
        if endpoint.token_file is not None:
            return {"Authorization": f"Bearer {self._secret(endpoint.token_file)}"}
        if endpoint.password_file is not None:
            pair = f"{endpoint.user}:{self._secret(endpoint.password_file)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {}

    def _secret(self, path: Path) -> str:
        try:
            secret = path.read_text().strip()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise PeerUnreachable(f"{self._endpoint.name} cannot be called: {path}: {why}.") from error
        if not secret.isprintable() or not secret.isascii():
            raise PeerUnreachable(f"{self._endpoint.name} cannot be called: {path} is not one line of text.")
        return secret

    def _read(self, response: requests.Response, deadline: float, longest_bytes: int) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > longest_bytes or time.monotonic() > deadline:
                raise requests.ReadTimeout("its answer is too long or too slow")
        return bytes(body)


def retry_after(value: str, now: float) -> float:
    """Return the seconds that a Retry-After asks for (RFC 9110 10.2.3), an hour at most; 0 without one.

    Parameters
    ----------
    now
        Seconds since 1970.
    """
    value = value.strip()
    try:
        seconds = float(value) if value.isdecimal() else email.utils.parsedate_to_datetime(value).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_SECONDS)


def _time_of(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _trouble(error: requests.RequestException) -> Trouble:
    """Return what keeps the request from being answered."""
    if isinstance(error, requests.exceptions.SSLError):
        return Trouble.NO_TLS
    is_not_reached = isinstance(error, requests.exceptions.ConnectTimeout) or _is_refused(error)
    return Trouble.NOT_REACHED if is_not_reached else Trouble.NO_ANSWER


def _is_refused(error: BaseException) -> bool:
    """Tell whether no connection came about: nobody listens there, or the name is not known."""
    innermost = _innermost(error)
    return isinstance(innermost, ConnectionRefusedError | socket.gaierror) or (
        isinstance(innermost, OSError) and innermost.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)
    )


def _reason(error: BaseException) -> str:
    """Return the innermost cause in its own words, without addresses of objects."""
    error = _innermost(error)
    if isinstance(error, ssl.SSLError):
        return reason_of(error)
    words = [word for word in (getattr(error, "strerror", None), *error.args) if isinstance(word, str)]
    return words[0] if words else type(error).__name__


def _innermost(error: BaseException) -> BaseException:
    while (inner := _inner(error)) is not None:
        error = inner
    return error


def _inner(error: BaseException) -> BaseException | None:
    """Return what an exception was made of: its cause, or the one that it carries, as those of requests do."""
    carried = next((one for one in error.args if isinstance(one, BaseException)), None)
    return error.__cause__ or error.__context__ or carried
