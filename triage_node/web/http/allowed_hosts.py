"""The names the server answers to; to any other it does not, so that no foreign name can be put into its pages."""

import socket

from triage_node.config import Settings

LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


def allowed_hosts(settings: Settings) -> list[str]:
    """Return the Host headers that are answered; health checks by address need that address among them."""
    if settings.web_allowed_hosts:
        return [*LOOPBACK, *settings.web_allowed_hosts]
    own = [] if settings.web_host in EVERYWHERE else [settings.web_host]
    return [*LOOPBACK, socket.gethostname(), *own]
