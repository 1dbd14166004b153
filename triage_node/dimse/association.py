"""One association, from its request to its end; a thread of its own.

pynetdicom's acceptor takes 6 ms for an image of 512 x 512, two thirds of them polling and passing between its threads.
Here one thread reads a PDU, and when the data set is whole keeps it and answers.
"""

import logging
import time
from collections.abc import Mapping

from pydicom.uid import UID

from triage_node.dimse.admission import Admission
from triage_node.dimse.associate_request import Request
from triage_node.dimse.command_set import RESPONSE, Command, Operation
from triage_node.dimse.connection import Connection, ConnectionEnded
from triage_node.dimse.message import DataSet, Message
from triage_node.dimse.negotiation import CONGESTED, Context, Rejection, accept, refusal_of
from triage_node.dimse.normalized.exchange import NormalizedExchange
from triage_node.dimse.normalized.services import GatheredDataSet, Services
from triage_node.dimse.pdu import (
    RELEASE_RESPONSE,
    AbortReason,
    DataItem,
    PDUType,
    ProtocolError,
    abort_pdu,
    data_items,
    data_pdus,
    reject_pdu,
)
from triage_node.errors import InvalidInstance, StorageFull
from triage_node.ingest import (
    QUIET_SECONDS,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    UNRECOGNIZED_OPERATION,
    Ingest,
    Sender,
    file_start,
    is_storage,
    is_uid,
    status_of,
)
from triage_node.instrumentation import AssociationRefusal, Instruments
from triage_node.logs import origin
from triage_node.worklist import ASSOCIATIONS

log = logging.getLogger(__name__)

# How long a peer may go on sending after it was aborted.
AFTER_ABORT_SECONDS = 1.0
# A sender proposes the same in each association, some for each image.
UNTIDY_QUIET_SECONDS = 3600.0
HIGH_PRIORITY = 1
MOST_NAMED = 3


class Association:
    """Serve one connection whose association request is here.

    Parameters
    ----------
    admission
        Tells who may send.
    maximum_message_bytes
        A longer message ends the association.
    services
        What it may be used for beside C-ECHO and C-STORE.
    instruments
        Count and time what it does.
    """

    def __init__(
        self,
        connection: Connection,
        address: str,
        ingest: Ingest,
        admission: Admission,
        maximum_message_bytes: int,
        services: Services,
        instruments: Instruments,
    ) -> None:
        self._connection = connection
        self._address = address
        self._ingest = ingest
        self._admission = admission
        self._maximum_message_bytes = maximum_message_bytes
        self._contexts: Mapping[int, Context] = {}
        self._calling_ae_title = ""
        self._longest_pdu_bytes = 0
        self._services = services
        self._instruments = instruments
        self._normalized = NormalizedExchange(connection, services)
        self._data_set: DataSet | GatheredDataSet | None = None
        self._has_kept = False

    def serve(self, request: bytes) -> None:
        """Serve until the peer releases, aborts, goes away or breaks the protocol.

        Parameters
        ----------
        request
            The body of its A-ASSOCIATE-RQ PDU.
        """
        try:
            if self._establish(request):
                self._exchange()
        except ConnectionEnded:
            log.debug("connection_ended address=%s", self._address)
        except ProtocolError as error:
            self._refuse(AssociationRefusal.PROTOCOL, f"The association was aborted: {error}.")
            self._abort(error.reason)
        except Exception as error:
            log.error("association_failed address=%s error=%s", self._address, origin(error))
            self._abort(AbortReason.NOT_SPECIFIED)
        finally:
            if self._data_set is not None:
                self._data_set.discard()
            self._connection.close()
            self._normalized.end()

    def _abort(self, reason: AbortReason) -> None:
        try:
            self._connection.send(abort_pdu(reason))
            self._connection.wait_for_end(AFTER_ABORT_SECONDS)
        except ConnectionEnded:
            log.debug("connection_ended address=%s", self._address)

    def _refuse(self, refusal: AssociationRefusal, sentence: str) -> None:
        self._count_refusal(refusal, sentence)
        self._note(sentence)

    def _count_refusal(self, refusal: AssociationRefusal, sentence: str) -> None:
        self._instruments.association_refused(refusal)
        self._ingest.senders.note(self._sender(), refusal, sentence)

    def _note(self, sentence: str, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._ingest.refuse(InvalidInstance(sentence), self._sender(), quiet_seconds)

    def _establish(self, encoded: bytes) -> bool:
        request = Request.decode(encoded)
        self._calling_ae_title = request.calling_ae_title
        self._longest_pdu_bytes = request.maximum_pdu_bytes
        if (against := self._admission.objection(request, self._address)) is not None:
            self._reject(*against)
            return False
        if _wants_to_store(request) and self._ingest.is_full:
            self._connection.send(reject_pdu(*CONGESTED))
            full = StorageFull("The association was rejected: the disk is full.")
            self._count_refusal(AssociationRefusal.DISK_FULL, str(full))
            self._ingest.refuse(full, self._sender())
            return False
        self._instruments.association_accepted()
        answer, self._contexts = accept(request, self._services)
        self._connection.send(answer)
        self._normalized.begin(self._contexts.values(), request, self._sender())
        self._judge_contexts(request)
        return True

    def _judge_contexts(self, request: Request) -> None:
        """Leave a word where the peer has proposed what cannot be used: it may not tell anybody."""
        if self._contexts:
            self._ingest.senders.note(self._sender(), ASSOCIATIONS)
        else:
            sentence = f"None of its presentation contexts can be used: {_proposed(request)}."
            self._count_refusal(AssociationRefusal.NO_CONTEXT, sentence)
            self._note(sentence, UNTIDY_QUIET_SECONDS)
        for context in request.contexts:
            if context.flaw:
                sentence = f"The presentation context {context.context_id} was rejected: {context.flaw}."
                self._note(sentence, UNTIDY_QUIET_SECONDS)

    def _reject(self, rejection: Rejection, why: str) -> None:
        self._connection.send(reject_pdu(*rejection))
        self._refuse(refusal_of(rejection), f"The association was rejected: {why}.")

    def _exchange(self) -> None:
        message: Message | None = None
        while True:
            if self._normalized.owes_events and message is None:
                self._normalized.report_events(self._longest_pdu_bytes)
            kind, body = self._connection.read()
            if kind is PDUType.RELEASE_RQ:
                return self._connection.send(RELEASE_RESPONSE)
            if kind is PDUType.ABORT:
                return None
            if kind is not PDUType.DATA_TF:
                raise ProtocolError(f"an unexpected PDU of type {kind}", AbortReason.UNEXPECTED_PDU)
            for item in data_items(body):
                message = self._take(message, item)
            if body and message is None:
                self._connection.message_ended(brought_instance=self._has_kept)

    def _take(self, message: Message | None, item: DataItem) -> Message | None:
        """Add a fragment to the message; answer and start anew when it is whole."""
        message = message or Message(item.context_id)
        if item.context_id != message.context_id or item.context_id not in self._contexts:
            raise ProtocolError("a data item of another presentation context")
        if item.is_command is not (message.request is None):
            raise ProtocolError("a command set and a data set out of order")
        if item.is_command:
            message.add_command(item.data, item.is_last)
            if message.request is not None and message.request.has_data_set:
                context = self._contexts[message.context_id]
                is_service = context.abstract_syntax in self._services
                self._data_set = GatheredDataSet() if is_service else self._begin(message.request, context)
        elif self._data_set is not None:
            self._data_set.add(item.data)
        request = message.request
        if request is None or not item.is_last or (item.is_command and request.has_data_set):
            return message
        self._answer(request, self._contexts[message.context_id])
        return None

    def _begin(self, request: Command, context: Context) -> DataSet:
        start = file_start(
            request.sop_class_uid, request.sop_instance_uid, context.transfer_syntax, self._calling_ae_title
        )
        data_set = DataSet(start, self._ingest, self._maximum_message_bytes)
        if refusal := _refusal(request, context):
            data_set.refuse(refusal)
        return data_set

    def _answer(self, request: Command, context: Context) -> None:
        data_set, self._data_set = self._data_set, None
        self._has_kept = False
        if request.operation == Operation.C_CANCEL:
            return
        if request.operation & RESPONSE:
            self._normalized.take_response(request)
            return
        if isinstance(data_set, GatheredDataSet) or context.abstract_syntax in self._services:
            data_set = data_set if isinstance(data_set, GatheredDataSet) else GatheredDataSet()
            self._normalized.answer(request, context, data_set, self._sender(), self._longest_pdu_bytes)
            return
        if request.operation == Operation.C_ECHO:
            status = SUCCESS if request.sop_class_uid == context.abstract_syntax else SOP_CLASS_NOT_SUPPORTED
        elif request.operation == Operation.C_STORE:
            status = self._store(data_set or self._begin(request, context), request.priority == HIGH_PRIORITY)
            self._has_kept = status == SUCCESS
        else:
            status = UNRECOGNIZED_OPERATION
        self._connection.send(data_pdus(context.context_id, request.response(status), self._longest_pdu_bytes))

    def _store(self, data_set: DataSet, is_urgent: bool) -> int:
        start = time.perf_counter()
        try:
            data_set.keep(self._sender(is_urgent))
        except Exception as error:
            return status_of(error)
        finally:
            data_set.discard()
            self._instruments.stored(time.perf_counter() - start)
        return SUCCESS

    def _sender(self, urgent: bool = False) -> Sender:
        return Sender(self._calling_ae_title, self._address, urgent)


def _wants_to_store(request: Request) -> bool:
    """Tell an association that may bring instances from one that only tries the connection."""
    return any(is_storage(context.abstract_syntax) for context in request.contexts)


def _proposed(request: Request) -> str:
    """Return the names of the abstract syntaxes that a request proposes, as PS3.6 has them, the first few."""
    names = [UID(one).name for one in dict.fromkeys(context.abstract_syntax for context in request.contexts)]
    more = f" and {len(names) - MOST_NAMED} others" if len(names) > MOST_NAMED else ""
    return ", ".join(name or "one of no name" for name in names[:MOST_NAMED]) + more or "it proposes none"


def _refusal(request: Command, context: Context) -> InvalidInstance | None:
    """Return why what is announced cannot be stored on a context, before its data set has come (PS3.7 Annex C)."""
    if request.operation != Operation.C_STORE:
        return InvalidInstance("No data set belongs to this operation.")
    if request.sop_class_uid != context.abstract_syntax or not is_storage(request.sop_class_uid):
        return InvalidInstance(
            f"The SOP class {request.sop_class_uid or 'of no name'} cannot be stored on a presentation context of "
            f"{context.abstract_syntax}.",
            sop_class=request.sop_class_uid,
        )
    if not is_uid(request.sop_instance_uid):
        return InvalidInstance("The Affected SOP Instance UID is missing or no UID.", sop_instance="")
    return None
