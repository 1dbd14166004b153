"""A mail server that passes notices on to people (SMTP, RFC 5321)."""

import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from triage_node.delivery.notices.mail_message import mail_message
from triage_node.delivery.notices.notice import Notice
from triage_node.delivery.notices.smtp_session import SmtpSession
from triage_node.delivery.notices.text import NoticeText
from triage_node.dimse import client_context, reason_of
from triage_node.endpoints import Destination
from triage_node.errors import PeerBusy, PeerCongested, PeerDenied, PeerRefused, PeerUnreachable, SettingsError, Trouble
from triage_node.user_agent import Caller

PORTS = {"smtp": 25, "smtps": 465}
DENIED = frozenset([530, 535, 538])
"""RFC 4954 6: who sends must sign in first, or otherwise."""
CONGESTED = frozenset([421, 452, 454])
MOST_PARTLY_TAKEN = 1000


class Mail:
    """Send a message a notice, over a connection of its own.

    Who of several recipients has taken a message does not get it again while the others are tried.
    """

    def __init__(self, destination: Destination, caller: Caller) -> None:
        self._destination = destination
        self._name = destination.name
        self._caller = caller
        self._text = NoticeText(destination.template, destination.patient_data)
        self._taken: dict[str, set[str]] = {}

    def tell(self, notice: Notice) -> str:
        """Send a message; it is told when the server has taken it for each recipient, now or before."""
        message = mail_message(notice, self._text.text(notice), self._destination)
        missing = [one for one in self._destination.mail_to if one not in self._taken.get(notice.id, ())]
        with self._errors(), self._session() as session:
            refused = session.deliver(self._destination.mail_from, missing, message)
        self._note_taken(notice.id, set(missing) - set(refused))
        if any(code < 500 for code in refused.values()):
            raise PeerBusy(f"{self._name} does not take {_of(refused, missing)} now.")
        self._taken.pop(notice.id, None)
        if len(refused) == len(self._destination.mail_to):
            raise PeerRefused(f"{self._name} refuses {_of(refused, missing)}.")
        words = f", refused for {_of(refused, missing)}" if refused else ""
        return f"e-mail {notice.id} to {len(self._destination.mail_to) - len(refused)} recipients{words}"

    def check(self) -> str:
        """Say EHLO, go over to TLS and sign in, as far as that is set; no message is begun."""
        start = time.monotonic()
        with self._errors(), self._session():
            milliseconds = (time.monotonic() - start) * 1000
        words = " over TLS" if self._is_secured else ""
        return f"answers EHLO in {milliseconds:.0f} ms{words}" + (", takes the password" if self._signs_in else "")

    def rest(self) -> None:
        """Nothing is held open."""

    @property
    def _is_secured(self) -> bool:
        return self._destination.scheme == "smtps" or self._destination.starttls

    @property
    def _signs_in(self) -> bool:
        return self._destination.user is not None

    @contextmanager
    def _session(self) -> Iterator[SmtpSession]:
        """Open a connection on which messages can be sent."""
        destination, caller = self._destination, self._caller
        context = client_context(destination.tls) if self._is_secured else None
        url = urlsplit(destination.url)
        at_once = context if destination.scheme == "smtps" else None
        address = url.hostname or "", url.port or PORTS[destination.scheme]
        session = SmtpSession(*address, caller.timeout_seconds, caller.answer_seconds, at_once)
        try:
            session.ehlo_or_helo_if_needed()
            if context is not None and at_once is None:
                session.starttls(context=context)
                session.ehlo_or_helo_if_needed()
            if destination.user is not None and destination.password_file is not None:
                session.login(destination.user, _password(destination.password_file))
            yield session
            session.leave()
        finally:
            session.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say in our words what went wrong; those of a server may name whom the message is for."""
        name = self._name
        try:
            yield
        except smtplib.SMTPDataError as error:
            raise _refusal(name, error.smtp_code) from error
        except smtplib.SMTPResponseException as error:
            raise _denial(name, error.smtp_code) from error
        except smtplib.SMTPNotSupportedError as error:
            raise PeerDenied(f"{name} offers no {'TLS' if 'STARTTLS' in str(error) else 'way to sign in'}.") from error
        except SettingsError as error:
            raise PeerUnreachable(f"{name} cannot be called: {error}") from error
        except ssl.SSLError as error:
            raise PeerUnreachable(f"{name} cannot be reached: {reason_of(error)}.", trouble=Trouble.NO_TLS) from error
        except smtplib.SMTPException as error:
            raise PeerUnreachable(f"{name} does not answer, or not as a mail server does.") from error
        except UnicodeError as error:
            raise PeerUnreachable(f"{name} cannot be called: user and password must be ASCII.") from error
        except OSError as error:
            why = error.strerror or str(error) or type(error).__name__
            trouble = Trouble.NO_ANSWER if isinstance(error, TimeoutError) else Trouble.NOT_REACHED
            raise PeerUnreachable(f"{name} cannot be reached, or does not answer: {why}.", trouble=trouble) from error

    def _note_taken(self, identifier: str, recipients: set[str]) -> None:
        self._taken.setdefault(identifier, set()).update(recipients)
        while len(self._taken) > MOST_PARTLY_TAKEN:
            self._taken.pop(next(iter(self._taken)))


def _denial(name: str, code: int) -> PeerUnreachable | PeerCongested | PeerDenied:
    """Return what an answer means that came before the message was begun: it is no fault of the message."""
    if 500 <= code < 600:
        return PeerDenied(f"{name} answered {code}: the address, the sender or the password are not those it wants.")
    if 400 <= code < 500:
        return PeerCongested(f"{name} answered {code}: it takes nothing now.")
    return PeerUnreachable(f"{name} does not answer as a mail server does.")


def _refusal(name: str, code: int) -> PeerUnreachable | PeerBusy | PeerDenied | PeerRefused:
    """Return what an answer to a message means."""
    if code in DENIED or code in CONGESTED:
        return _denial(name, code)
    if 500 <= code < 600:
        return PeerRefused(f"{name} answered {code}: it refuses the message.")
    if 400 <= code < 500:
        return PeerBusy(f"{name} answered {code}: it cannot take the message now.")
    return _denial(name, code)


def _of(refused: dict[str, int], asked: list[str]) -> str:
    codes = ", ".join(sorted({str(code) for code in refused.values()}))
    return f"{len(refused)} of {len(asked)} recipients ({codes})"


def _password(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"{path}: {why}.") from error
