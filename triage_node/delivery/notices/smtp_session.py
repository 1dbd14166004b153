"""A connection to a mail server whose replies are bounded (SMTP, RFC 5321)."""

import smtplib
import socket
import ssl
import time
from typing import Any

from triage_node.delivery.notices.deadline import DeadlineReader

LONGEST_REPLY_BYTES = 1 << 14
LONGEST_QUIT_SECONDS = 2.0


class SmtpSession(smtplib.SMTP):
    """A connection whose replies are bounded in size and time; TLS from its begin where there is a context."""

    def __init__(
        self, host: str, port: int, connect_seconds: float, answer_seconds: float, context: ssl.SSLContext | None
    ) -> None:
        self._answer_seconds = answer_seconds
        self._context = context
        super().__init__(host, port, _own_name(), connect_seconds)

    def deliver(self, sender: str, recipients: list[str], message: bytes) -> dict[str, int]:
        """Send a message to those who are taken; return the others, with the code of the refusal."""
        assert self.sock is not None
        self.sock.settimeout(self._answer_seconds)
        code, words = self.mail(sender)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, words, sender)
        codes = {one: self.rcpt(one)[0] for one in recipients}
        refused = {one: code for one, code in codes.items() if code not in (250, 251)}
        if len(refused) < len(recipients):
            code, words = self.data(message)
            if code != 250:
                raise smtplib.SMTPDataError(code, words)
        return refused

    def leave(self) -> None:
        """Say QUIT: what was taken stays taken, also when the answer does not come."""
        self._answer_seconds, self.file = min(self._answer_seconds, LONGEST_QUIT_SECONDS), None
        try:
            self.quit()
        except (OSError, smtplib.SMTPException):
            self.close()

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply (RFC 5321 4.2)."""
        assert self.sock is not None
        if self.file is None:
            self.file = _Replies(self.sock, self._answer_seconds)
        self.file.begin()
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = socket.create_connection((host, port), timeout)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise


class _Replies:
    """The lines of one reply after the other, as smtplib reads them."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._reader = DeadlineReader(connection, seconds, LONGEST_REPLY_BYTES)
        self._deadline, self._seconds, self._bytes = 0.0, seconds, 0

    def begin(self) -> None:
        """Let another reply begin, with its own time and size."""
        self._deadline, self._bytes = time.monotonic() + self._seconds, 0

    def readline(self, _longest: int = -1) -> bytes:
        """Return the next line."""
        line = self._reader.until(b"\n")
        self._bytes += len(line)
        if self._bytes > LONGEST_REPLY_BYTES or time.monotonic() > self._deadline:
            raise OSError("its answer is too long or too slow")
        return line

    def close(self) -> None:
        """The connection is closed by who opened it."""


def _own_name() -> str:
    """Return what EHLO says (RFC 5321 4.1.3); smtplib would ask name servers, which may take long."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"
