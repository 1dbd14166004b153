"""Who is let in: by address before anything is read, by AE titles when the association request is here."""

import time

from triage_node.config import Settings
from triage_node.dimse.associate_request import Request
from triage_node.dimse.negotiation import (
    UNKNOWN_CALLED_AE_TITLE,
    UNKNOWN_CALLING_AE_TITLE,
    Rejection,
    protocol_objection,
)
from triage_node.instrumentation import AssociationRefusal
from triage_node.rate_limit import RateLimit


class Admission:
    """What the settings say of who may send.

    Parameters
    ----------
    settings
        Allow list, our AE title, rate of connections.
    """

    def __init__(self, settings: Settings) -> None:
        self._senders = settings.senders
        self._called_ae_title = settings.ae_title.strip() if settings.check_called_ae_title else None
        self._connections = RateLimit(settings.maximum_connections_per_minute_per_address, time.monotonic)

    def complaint(self, address: str) -> tuple[AssociationRefusal, str] | None:
        """Return why a connection from an address is closed before anything is read, None when it is not."""
        if not any(sender.covers(address) for sender in self._senders):
            return AssociationRefusal.ADDRESS, "its address is not on the allow list"
        if self._connections.take(address) > 0:
            return AssociationRefusal.RATE, "more connections than one address may make in a minute"
        return None

    def objection(self, request: Request, address: str) -> tuple[Rejection, str] | None:
        """Return why no association can be had with a request, None when nothing speaks against it."""
        if (against := protocol_objection(request)) is not None:
            return against
        if self._called_ae_title not in (None, request.called_ae_title):
            called = request.called_ae_title
            return UNKNOWN_CALLED_AE_TITLE, f"it calls the AE title {called!r}, ours is {self._called_ae_title!r}"
        named = [sender for sender in self._senders if sender.is_called(request.calling_ae_title)]
        if not named:
            return UNKNOWN_CALLING_AE_TITLE, "its AE title is not on the allow list"
        if not any(sender.covers(address) for sender in named):
            return UNKNOWN_CALLING_AE_TITLE, "its AE title is not on the allow list for its address"
        return None
