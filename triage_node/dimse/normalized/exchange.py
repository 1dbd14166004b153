"""Requests on normalized objects over one association, and the events that are reported there (PS3.7 Section 10)."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from triage_node.dimse.associate_request import Request
from triage_node.dimse.command_set import Command, event_report
from triage_node.dimse.connection import Connection
from triage_node.dimse.negotiation import Context
from triage_node.dimse.normalized.service import FollowUp
from triage_node.dimse.normalized.services import GatheredDataSet, Services, encoded_data_set
from triage_node.dimse.pdu import ProtocolError, data_pdus
from triage_node.ingest import Sender

# A requestor that sends nothing and does not end for so long waits for the event that it has asked for.
WAITING_SECONDS = 1.0
# For so long an event that cannot be told yet is asked for again.
PATIENCE_SECONDS = 30.0
# Events of one association; there are other ways for those of one that asks for more and waits for none.
MOST_EVENTS = 16
MOST_MESSAGE_IDS = 0xFFFF


@dataclass(frozen=True)
class _Owed:
    """An event that the peer may wait for."""

    context: Context
    follow_up: FollowUp
    until: float


class NormalizedExchange:
    """The part of an association that is for services of normalized objects."""

    def __init__(self, connection: Connection, services: Services) -> None:
        self._connection = connection
        self._services = services
        self._owed: deque[_Owed] = deque()
        self._reported: dict[int, FollowUp] = {}
        self._message_id = 0

    @property
    def owes_events(self) -> bool:
        """Whether there are events to be reported."""
        return bool(self._owed)

    def begin(self, contexts: Iterable[Context], request: Request, sender: Sender) -> None:
        """Take up what is owed to the requestor from before, where it is the user of a service."""
        for context in contexts:
            is_user, _ = request.roles_for(context.abstract_syntax)
            if is_user and context.abstract_syntax in self._services:
                for follow_up in self._services.owed(context.abstract_syntax, sender):
                    self._owe(context, follow_up)

    def answer(
        self, request: Command, context: Context, encoded: GatheredDataSet, sender: Sender, longest_pdu_bytes: int
    ) -> None:
        """Have a request answered, and send the answer.

        Raises
        ------
        ConnectionEnded
            The peer has gone.
        """
        response = self._services.answer(request, context.abstract_syntax, context.transfer_syntax, encoded, sender)
        if response.follow_up is not None:
            self._owe(context, response.follow_up)
        data_set = b""
        if response.data_set is not None:
            data_set = encoded_data_set(response.data_set, context.transfer_syntax)
        command = request.response(
            response.status,
            sop_instance_uid=response.sop_instance_uid,
            has_data_set=bool(data_set),
            comment=response.comment,
        )
        self._send(context, command, data_set, longest_pdu_bytes)

    def report_events(self, longest_pdu_bytes: int) -> None:
        """Report what is owed while the peer waits for it; returns when it sends something, or ends.

        Raises
        ------
        ConnectionEnded
            The peer has gone.
        """
        while self._owed and self._connection.is_silent_for(WAITING_SECONDS):
            owed = self._owed.popleft()
            event = owed.follow_up.event()
            if event is None:
                self._wait_on(owed)
                continue
            self._message_id = self._message_id % MOST_MESSAGE_IDS + 1
            self._reported[self._message_id] = owed.follow_up
            identity = (event.type_id, event.sop_class_uid, event.sop_instance_uid)
            data_set = encoded_data_set(event.data_set, owed.context.transfer_syntax)
            self._send(owed.context, event_report(self._message_id, *identity), data_set, longest_pdu_bytes)

    def take_response(self, response: Command) -> None:
        """Take the answer to an event.

        Raises
        ------
        ProtocolError
            It answers nothing that was sent.
        """
        follow_up = self._reported.pop(response.message_id, None)
        if follow_up is None:
            raise ProtocolError("a response to a request that was never made")
        follow_up.ended(response.status)

    def end(self) -> None:
        """Give back what was not reported, or not answered: the association has ended."""
        while self._owed:
            self._owed.popleft().follow_up.ended(None)
        while self._reported:
            self._reported.popitem()[1].ended(None)

    def _owe(self, context: Context, follow_up: FollowUp) -> None:
        self._owed.append(_Owed(context, follow_up, time.monotonic() + PATIENCE_SECONDS))
        if len(self._owed) > MOST_EVENTS:
            self._owed.popleft().follow_up.ended(None)

    def _wait_on(self, owed: _Owed) -> None:
        if time.monotonic() < owed.until:
            self._owed.append(owed)
        else:
            owed.follow_up.ended(None)

    def _send(self, context: Context, command: bytes, data_set: bytes, longest_pdu_bytes: int) -> None:
        pdus = data_pdus(context.context_id, command, longest_pdu_bytes)
        pdus += data_pdus(context.context_id, data_set, longest_pdu_bytes, is_command=False)
        self._connection.send(pdus)
