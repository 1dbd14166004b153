"""One association, from its request to its end; a thread of its own.

pynetdicom's acceptor takes 6 ms for an image of 512 x 512, two thirds of them polling and passing between its threads.
Here one thread reads a PDU, and when the data set is whole keeps it and answers.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pynetdicom.presentation import PresentationContext

from triage_node.errors import InvalidInstance
from triage_node.intake.command import LONGEST_COMMAND_BYTES, Command, Operation
from triage_node.intake.door import Door, Sender
from triage_node.intake.negotiation import Proposal
from triage_node.intake.part10 import file_start
from triage_node.intake.pdu import (
    RELEASE_RESPONSE,
    AbortReason,
    Connection,
    ConnectionEnded,
    DataItem,
    PDUType,
    ProtocolError,
    abort_pdu,
    data_items,
    data_pdu,
    reject_pdu,
)
from triage_node.intake.statuses import SUCCESS, UNRECOGNIZED_OPERATION, status_of
from triage_node.logs import origin

log = logging.getLogger(__name__)

# How long a peer may go on sending after it was aborted.
AFTER_ABORT_SECONDS = 1.0
HIGH_PRIORITY = 1

# PS3.8 Table 9-21: result, source, reason
UNKNOWN_CALLING_AE_TITLE = (1, 1, 3)
LOCAL_LIMIT_EXCEEDED = (2, 3, 2)


@dataclass
class Message:
    """A DIMSE message as its fragments come in."""

    context_id: int
    command: bytearray = field(default_factory=bytearray)
    request: Command | None = None
    data_set: bytearray = field(default_factory=bytearray)


class Association:
    """Serve one connection.

    Parameters
    ----------
    allows
        Tells whether a calling AE title may send.
    maximum_message_bytes
        A longer message ends the association.
    """

    def __init__(
        self,
        connection: Connection,
        address: str,
        door: Door,
        allows: Callable[[str], bool],
        maximum_message_bytes: int,
    ) -> None:
        self._connection = connection
        self._address = address
        self._door = door
        self._allows = allows
        self._maximum_message_bytes = maximum_message_bytes
        self._contexts: Mapping[int, PresentationContext] = {}
        self._calling_ae_title = ""

    def serve(self, request_seconds: float, is_one_too_many: bool) -> None:
        """Serve until the peer releases, aborts, goes away or breaks the protocol.

        Parameters
        ----------
        request_seconds
            Time for the association request to come, whole.
        is_one_too_many
            Read the request and reject it for the moment.
        """
        try:
            if self._establish(request_seconds, is_one_too_many):
                self._exchange()
        except ConnectionEnded:
            log.debug("connection_ended address=%s", self._address)
        except ProtocolError as error:
            log.warning("association_aborted address=%s error=%s", self._address, error)
            self._abort(error.reason)
        except Exception as error:
            log.error("association_failed address=%s error=%s", self._address, origin(error))
            self._abort(AbortReason.NOT_SPECIFIED)
        finally:
            self._connection.close()

    def _abort(self, reason: AbortReason) -> None:
        try:
            self._connection.send(abort_pdu(reason))
            self._connection.wait_for_end(AFTER_ABORT_SECONDS)
        except ConnectionEnded:
            log.debug("connection_ended address=%s", self._address)

    def _establish(self, request_seconds: float, is_one_too_many: bool) -> bool:
        kind, body = self._connection.read(within_seconds=request_seconds)
        if kind is not PDUType.ASSOCIATE_RQ:
            raise ProtocolError("the first PDU is no association request", AbortReason.UNEXPECTED_PDU)
        proposal = Proposal.decode(bytes(body))
        self._calling_ae_title = proposal.calling_ae_title
        if not self._allows(proposal.calling_ae_title):
            return self._reject(UNKNOWN_CALLING_AE_TITLE, "its AE title is not on the allow list")
        if is_one_too_many:
            return self._reject(LOCAL_LIMIT_EXCEEDED, "too many associations")
        answer, self._contexts = proposal.accept()
        self._connection.send(answer)
        return True

    def _reject(self, rejection: tuple[int, int, int], why: str) -> bool:
        self._connection.send(reject_pdu(*rejection))
        self._door.refuse(InvalidInstance(f"The association was rejected: {why}."), self._sender())
        return False

    def _exchange(self) -> None:
        message: Message | None = None
        while True:
            kind, body = self._connection.read()
            if kind is PDUType.RELEASE_RQ:
                return self._connection.send(RELEASE_RESPONSE)
            if kind is PDUType.ABORT:
                return None
            if kind is not PDUType.DATA_TF:
                raise ProtocolError(f"an unexpected PDU of type {kind}", AbortReason.UNEXPECTED_PDU)
            for item in data_items(body):
                message = self._take(message, item)

    def _take(self, message: Message | None, item: DataItem) -> Message | None:
        """Add a fragment to the message; answer and start anew when it is whole."""
        message = message or Message(item.context_id)
        if item.context_id != message.context_id or item.context_id not in self._contexts:
            raise ProtocolError("a data item of another presentation context")
        if item.is_command is not (message.request is None):
            raise ProtocolError("a command set and a data set out of order")
        if item.is_command:
            message.command += item.data
            if len(message.command) > LONGEST_COMMAND_BYTES:
                raise ProtocolError("the command set is too long")
            if item.is_last:
                message.request = _decoded(message.command)
        else:
            message.data_set += item.data
            if len(message.data_set) > self._maximum_message_bytes:
                raise ProtocolError("the data set is longer than the node takes")
        request = message.request
        if request is None or not item.is_last or (item.is_command and request.has_data_set):
            return message
        self._answer(request, message)
        return None

    def _answer(self, request: Command, message: Message) -> None:
        if request.operation == Operation.C_CANCEL:
            return
        if request.operation == Operation.C_ECHO:
            status = SUCCESS
        elif request.operation == Operation.C_STORE:
            status = self._store(request, message)
        else:
            status = UNRECOGNIZED_OPERATION
        self._connection.send(data_pdu(message.context_id, request.response(status)))

    def _store(self, request: Command, message: Message) -> int:
        syntax = str(self._contexts[message.context_id].transfer_syntax[0])
        start = file_start(request.sop_class_uid, request.sop_instance_uid, syntax, self._calling_ae_title)
        try:
            self._door.receive(start + message.data_set, self._sender(request.priority == HIGH_PRIORITY))
        except Exception as error:
            return status_of(error)
        return SUCCESS

    def _sender(self, urgent: bool = False) -> Sender:
        return Sender(self._calling_ae_title, self._address, urgent)


def _decoded(command: bytearray) -> Command:
    try:
        return Command.decode(bytes(command))
    except ValueError as error:
        raise ProtocolError(str(error)) from error
