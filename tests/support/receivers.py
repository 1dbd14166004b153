"""A web server, a RIS and a mail server on loopback that are told of results."""

import base64
import socket
import time
from pathlib import Path
from typing import Any

import standardwebhooks
from hl7_listener import Hl7Listener, acknowledgment
from mail_server import MailServer
from web_peers import Answer, Request, WebPeer

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Receivers:
    """Those three; they can be switched on and off, and keep their ports.

    ``arrived`` are the times, in seconds since 1970, at which each was told.
    """

    def __init__(self, folder: Path) -> None:
        self._secret = folder / "secret"
        self._secret.write_text(SECRET)
        # Bound and not listening they refuse connections, and nobody else is given the ports.
        self._reserved = [socket.socket() for _ in range(3)]
        for one in self._reserved:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
        self.ports = [one.getsockname()[1] for one in self._reserved]
        self.servers: list[Any] = []
        self.events: list[dict[str, Any]] = []
        self.messages: list[str] = []
        self.mails: list[Any] = []
        self.arrived: dict[str, list[float]] = {"hook": [], "ris": [], "people": []}

    def tables(self, **options: Any) -> list[dict[str, Any]]:
        """Return them as the settings name them."""
        web, ris, mail = self.ports
        people = {"mail_from": "triage@example.org", "mail_to": ["er@example.org"], "starttls": False}
        tables = [
            {"name": "hook", "url": f"webhook+http://127.0.0.1:{web}/hook", "secret_file": str(self._secret)},
            {"name": "ris", "url": f"mllp://127.0.0.1:{ris}", "patient_data": True},
            {"name": "people", "url": f"smtp://127.0.0.1:{mail}", **people},
        ]
        return [table | options for table in tables]

    def on(self) -> None:
        """Listen."""
        web, ris, mail = self.ports
        self.web, self.ris = WebPeer(self._take, port=web), Hl7Listener(self._acknowledge, port=ris)
        self.mail = MailServer(port=mail)
        self.mail.answer_to_data = self._take_mail
        self.mail.messages = self.mails
        self.servers = [self.web, self.ris, self.mail]

    def off(self) -> None:
        """Refuse connections."""
        for server in self.servers:
            server.stop()
        self.servers = []

    def close(self) -> None:
        """Give the ports back."""
        self.off()
        for one in self._reserved:
            one.close()

    def studies(self) -> list[list[str]]:
        """Return the studies that each was told of."""
        told = [one.get_body(("plain",)).get_content() for one in self.mails]
        return [
            [event["subject"] for event in self.events],
            [message.split("\r")[-2].split("|")[5] for message in self.messages],
            [text.partition("Study:")[2].split()[0] for text in told],
        ]

    def _take(self, request: Request) -> Answer:
        if request.method == "POST":
            self.events.append(standardwebhooks.Webhook(SECRET).verify(request.body, dict(request.headers.items())))
            self.arrived["hook"].append(time.time())
        return Answer(204)

    def _acknowledge(self, message: str) -> bytes:
        self.messages.append(message)
        self.arrived["ris"].append(time.time())
        return acknowledgment(message)

    def _take_mail(self) -> str:
        self.arrived["people"].append(time.time())
        return "250 OK"
