"""A mail server on loopback (aiosmtpd) that keeps what it takes and refuses what a test tells it to."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern

from aiosmtpd.smtp import SMTP, AuthResult

OK = "250 OK"


class MailServer:
    """Serve until it is stopped.

    ``messages`` are those that were taken, ``recipients`` for whom each was.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        *,
        at_once: bool = False,
        password: str | None = None,
        port: int = 0,
    ) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answer_to: Callable[[str], str] = lambda _recipient: OK
        self.answer_to_sender: Callable[[], str] = lambda: OK
        self.answer_to_data: Callable[[], str] = lambda: OK
        self.connections = 0
        self._password = password
        self._tls = None if at_once else context
        self._at_once = context if at_once else None
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port = self._listening.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'smtp' if self._at_once is None else 'smtps'}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Serve no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def handle_MAIL(self, _server, _session, envelope, address: str, _options) -> str:  # noqa: N802
        answer = self.answer_to_sender()
        if answer == OK:
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, _server, _session, envelope, address: str, _options) -> str:  # noqa: N802
        answer = self.answer_to(address)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802
        answer = self.answer_to_data()
        if answer == OK:
            self.messages.append(message_from_bytes(envelope.content, policy=modern))
            self.recipients.append(list(envelope.rcpt_tos))
        return answer

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, sock=self._listening, ssl=self._at_once)
        )
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            authenticator=self._authenticate if self._password is not None else None,
            auth_required=self._password is not None,
            auth_require_tls=True,
            loop=self._loop,
        )

    def _authenticate(self, _server, _session, _envelope, _mechanism, data) -> AuthResult:
        return AuthResult(success=data.password.decode() == self._password, handled=False)
