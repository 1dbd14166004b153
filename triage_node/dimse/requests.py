"""Requests over an association, each held against the response that must answer it."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.association import Association

from triage_node.dimse.awaited_answers import AwaitedAnswers
from triage_node.dimse.command_set import RESPONSE
from triage_node.dimse.normalized.service import Event
from triage_node.endpoints import Peer
from triage_node.errors import PeerBusy, PeerRefused, PeerUnreachable

# PS3.7 E.1: the Command Field of the responses.
C_STORE_RSP = 0x8001
C_ECHO_RSP = 0x8030
N_EVENT_REPORT_RSP = 0x8100
N_ACTION_RSP = 0x8130
# PS3.7 E.1: the Message ID is a US.
MOST_MESSAGE_IDS = 0xFFFF


# Of the many responses to one C-FIND or C-MOVE the last ones are kept.
MOST_KEPT = 100


class Responses:
    """What came back over an association, command set by command set; pynetdicom hands on no more than the status."""

    def __init__(self) -> None:
        self._received: deque[Dataset] = deque(maxlen=MOST_KEPT)
        self._awaited = 0
        self.has_stray = False

    def listen(self, event: evt.Event) -> None:
        """Take a message that was received."""
        command = event.message.command_set
        is_response = int(command.get("CommandField") or 0) & RESPONSE
        if is_response and command.get("MessageIDBeingRespondedTo") != self._awaited:
            self.has_stray = True
        self._received.append(command)

    def clear(self, message_id: int = 0) -> None:
        """Forget what came before a request is made: it cannot be its answer.

        Parameters
        ----------
        message_id
            That of the request; ``has_stray`` then tells whether a response came that answers another.
        """
        self._received.clear()
        self._awaited, self.has_stray = message_id, False

    def answer(self, command_field: int, message_id: int, sop_instance_uid: str = "") -> Dataset | None:
        """Return the response that answers a request, None when only something else came.

        Message ID Being Responded To must be the request's Message ID (PS3.7 9.1.1.1.2), and Affected SOP Instance
        UID, where there is one, the instance's (PS3.7 Table 9.1-1).
        """
        for command in self._received:
            named = str(command.get("AffectedSOPInstanceUID") or sop_instance_uid).strip("\0 ")
            heads = command.get("CommandField"), command.get("MessageIDBeingRespondedTo"), named
            if heads == (command_field, message_id, sop_instance_uid):
                return command
        return None


class Requests:
    """Requests of ours over one association, numbered, and judged by their own answers."""

    def __init__(self, assoc: Association, responses: Responses, peer: Peer) -> None:
        self._assoc = assoc
        self._responses = responses
        self._peer = peer
        self._answers = AwaitedAnswers(assoc)
        self._ids = cycle(range(1, MOST_MESSAGE_IDS + 1))

    @property
    def is_open(self) -> bool:
        """Whether the association stands."""
        return bool(self._assoc.is_established)

    @property
    def accepted(self) -> set[str]:
        """The SOP classes that the peer takes."""
        return {str(context.abstract_syntax) for context in self._assoc.accepted_contexts}

    def echo(self) -> None:
        """Send a C-ECHO.

        Raises
        ------
        PeerError
            The peer does not answer it well.
        """
        message_id = next(self._ids)
        with self._exchange():
            received = self._assoc.send_c_echo(message_id)
        self._judge(received, self._responses.answer(C_ECHO_RSP, message_id))

    def store(self, ds: Dataset) -> None:
        """Send a C-STORE.

        Raises
        ------
        PeerError
            The peer did not store the instance, or not for certain.
        ValueError, AttributeError
            The instance cannot be sent over this association.
        """
        message_id = next(self._ids)
        with self._exchange():
            received = self._assoc.send_c_store(ds, message_id)
        self._judge(received, self._responses.answer(C_STORE_RSP, message_id, str(ds.SOPInstanceUID)))

    def stream(
        self, send: Callable[[Association, int], Iterator[tuple[Dataset, Dataset | None]]]
    ) -> Iterator[tuple[int, Dataset, Dataset | None]]:
        """Send a request that is answered by many responses, and yield of each status, command set and identifier.

        Raises
        ------
        PeerUnreachable
            The peer falls silent, or answers another message.
        """
        message_id = next(self._ids)
        with self._exchange(message_id):
            for command, identifier in send(self._assoc, message_id):
                if command.get("Status") is None:
                    raise PeerUnreachable(f"{self._peer} did not answer in time, or dropped the association.")
                if self._responses.has_stray:
                    raise PeerUnreachable(f"{self._peer} answered another message than the one it was sent.")
                yield int(command.Status), command, identifier

    def act(self, action_type_id: int, sop_class_uid: str, sop_instance_uid: str, ds: Dataset) -> None:
        """Send an N-ACTION.

        Raises
        ------
        PeerError
            The peer does not do it.
        ValueError
            The SOP class was not accepted.
        """
        message_id = next(self._ids)
        with self._exchange():
            received, _ = self._assoc.send_n_action(ds, action_type_id, sop_class_uid, sop_instance_uid, message_id)
        self._judge(received, self._responses.answer(N_ACTION_RSP, message_id, sop_instance_uid))

    def report(self, event: Event) -> None:
        """Send an N-EVENT-REPORT.

        Raises
        ------
        PeerError
            The peer does not take it.
        ValueError
            The SOP class was not accepted.
        """
        message_id = next(self._ids)
        identity = (event.type_id, event.sop_class_uid, event.sop_instance_uid)
        with self._exchange():
            received, _ = self._assoc.send_n_event_report(event.data_set, *identity, message_id)
        self._judge(received, self._responses.answer(N_EVENT_REPORT_RSP, message_id, event.sop_instance_uid))

    @contextmanager
    def _exchange(self, message_id: int = 0) -> Iterator[None]:
        """Send a request and await its answers, see `Responses.clear`.

        A peer may let go of the association before the request is sent, or while it is: pynetdicom raises a
        RuntimeError then, or an AssertionError, and answers nothing.
        """
        self._responses.clear(message_id)
        try:
            with self._answers.awaited():
                yield
        except (RuntimeError, AssertionError) as error:
            if self.is_open:
                raise
            raise PeerUnreachable(f"{self._peer} dropped the association.") from error

    def _judge(self, received: Dataset, answer: Dataset | None) -> None:
        """Sort a response's status (PS3.4 Table B.2-1, PS3.7 Annex C); silence is a lost connection."""
        if "Status" not in received:
            raise PeerUnreachable(f"{self._peer} did not answer in time, or dropped the association.")
        if answer is None or answer.get("Status") is None:
            raise PeerUnreachable(f"{self._peer} answered another message than the one it was sent.")
        status = int(answer.Status)
        if status == 0x0000 or status >> 12 == 0xB:
            return
        if status >> 8 == 0xA7 or status == 0x0110:
            raise PeerBusy(f"{self._peer} answered 0x{status:04X}: it cannot take the request now.")
        raise PeerRefused(f"{self._peer} answered 0x{status:04X}: it refuses the request.")
