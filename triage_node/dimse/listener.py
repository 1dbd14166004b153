"""The DIMSE listener: C-ECHO, C-STORE of every storage class in every transfer syntax, and services handed in."""

import contextlib
import logging
import queue
import selectors
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from triage_node.config import Settings
from triage_node.dimse.arrival import Arrival
from triage_node.dimse.association import Association
from triage_node.dimse.negotiation import CONGESTED, LOCAL_LIMIT_EXCEEDED, Rejection
from triage_node.dimse.normalized.service import Service
from triage_node.dimse.normalized.services import Services
from triage_node.dimse.pdu import Connection
from triage_node.dimse.places import Place, Places
from triage_node.dimse.reception import Reception
from triage_node.errors import AddressUnavailable, InvalidInstance
from triage_node.ingest import Ingest, Sender
from triage_node.logs import origin

log = logging.getLogger(__name__)

BACKLOG = 128
STOP_SECONDS = 5.0
TICK_SECONDS = 0.1
# After a connection could not be accepted: the next try would fail as well, and a loop of them starves the others.
PAUSE_SECONDS = 0.5
# One line in the log for what fails again and again.
QUIET_SECONDS = 10.0
MOST_NOTES = 100


@dataclass(frozen=True)
class ListenerState:
    """How the listener is doing.

    Parameters
    ----------
    accepting
        Whether it lives and takes connections.
    associations
        Associations served now.
    refused
        Associations refused since the start because there was no place or no thread for them.
    last_error
        What kept it from taking the last connection, None when nothing did.
    """

    accepting: bool
    associations: int
    refused: int
    last_error: str | None


class Listener:
    """Take connections, each association in a thread of its own, and hand each instance to ingest.

    Parameters
    ----------
    settings
        Address, allow list, limits.
    ingest
        Where instances go.
    services
        What it offers beside C-ECHO and C-STORE.
    """

    def __init__(self, settings: Settings, ingest: Ingest, services: Iterable[Service] = ()) -> None:
        self._settings = settings
        self._ingest = ingest
        self._services = Services(services)
        self._socket: socket.socket | None = None
        self._selector = selectors.DefaultSelector()
        self._places = Places(settings.maximum_associations, settings.maximum_associations_per_address)
        self._reception = Reception(self._selector, settings.connect_timeout_seconds, self._admit, self._note)
        self._notes: queue.Queue[tuple[str, Sender] | None] = queue.Queue(MOST_NOTES)
        self._stopping = threading.Event()
        self._troubles = Troubles()
        self._refused = 0
        self._resume_at: float | None = None
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._clerk = threading.Thread(target=self._write_notes, name="listener-notes", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on, also when a free one was asked for."""
        assert self._socket is not None
        return int(self._socket.getsockname()[1])

    def state(self) -> ListenerState:
        """Say how it is doing."""
        accepting = self._thread.is_alive() and self._resume_at is None and not self._stopping.is_set()
        return ListenerState(accepting, len(self._places), self._refused, self._troubles.last)

    def start(self) -> None:
        """Listen; returns at once.

        Raises
        ------
        AddressUnavailable
            The address cannot be bound.
        """
        address = (self._settings.dicom_host, self._settings.dicom_port)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            self._socket = socket.create_server(address, family=family, backlog=BACKLOG)
        except OSError as error:
            raise AddressUnavailable(f"Cannot listen on {address[0]}:{address[1]}: {error.strerror}.") from error
        self._socket.setblocking(False)
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._clerk.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end every association; what was acknowledged is kept."""
        if self._socket is None:
            return
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        self._socket.close()
        self._reception.close()
        self._selector.close()
        for connection, place in self._places.taken().items():
            connection.close()
            place.thread.join(STOP_SECONDS)
        with contextlib.suppress(queue.Full):
            self._notes.put(None, timeout=STOP_SECONDS)
        self._clerk.join(STOP_SECONDS)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception as error:  # a border: whatever a peer or the system does, the port stays in service
                self._troubles.note("listening", origin(error))
                self._stopping.wait(PAUSE_SECONDS)

    def _turn(self) -> None:
        if self._resume_at is not None and time.monotonic() >= self._resume_at:
            self._selector.register(self._listening, selectors.EVENT_READ)
            self._resume_at = None
        for key, _ in self._selector.select(TICK_SECONDS):
            if key.fileobj is self._listening:
                for _ in range(BACKLOG):
                    if not self._accept():
                        break
            else:
                self._reception.read(key.data)
        self._reception.look()

    @property
    def _listening(self) -> socket.socket:
        assert self._socket is not None
        return self._socket

    def _accept(self) -> bool:
        """Take a connection; without a file descriptor or memory for it, let one go that only waits, or wait."""
        try:
            connection, address = self._listening.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            return True
        except OSError as error:
            self._troubles.note("accepting", error.strerror or str(error))
            if self._reception.send_away_one():
                return True
            self._selector.unregister(self._listening)
            self._resume_at = time.monotonic() + PAUSE_SECONDS
            return False
        self._troubles.last = None
        try:
            self._reception.welcome(connection, str(address[0]))
        except BaseException:
            connection.close()
            raise
        return True

    def _admit(self, arrival: Arrival) -> Rejection | None:
        if not self._places.make_room(arrival.address):
            return LOCAL_LIMIT_EXCEEDED
        connection = None
        try:
            connection = Connection(arrival.connection, self._settings.association_idle_seconds)
            arguments = (connection, arrival.address, arrival.request)
            thread = threading.Thread(target=self._run, args=arguments, name="association", daemon=True)
            self._places.take(connection, Place(arrival.address, thread))
            thread.start()
        except (RuntimeError, MemoryError) as error:
            if connection is not None:
                self._places.leave(connection)
            arrival.connection.setblocking(False)
            self._troubles.note("starting a thread", str(error) or type(error).__name__)
            return CONGESTED
        return None

    def _run(self, connection: Connection, address: str, request: bytes) -> None:
        settings = self._settings
        try:
            association = Association(
                connection, address, self._ingest, settings.allows, settings.maximum_instance_mb << 20, self._services
            )
            association.serve(request)
        finally:
            connection.close()
            self._places.leave(connection)

    def _note(self, arrival: Arrival, sentence: str) -> None:
        """Have an event written of a refusal: the database may be slow, the port must not."""
        self._refused += 1
        with contextlib.suppress(queue.Full):  # a flood; its first ones are noted
            self._notes.put_nowait((sentence, Sender(arrival.calling_ae_title(), arrival.address)))

    def _write_notes(self) -> None:
        while (note := self._notes.get()) is not None:
            sentence, sender = note
            try:
                self._ingest.refuse(InvalidInstance(sentence), sender)
            except Exception as error:  # a border: a note that is lost must not lose the next
                log.error("event_lost error=%s", origin(error))


class Troubles:
    """What keeps the listener from its work, with one line in the log in a while.

    Attributes
    ----------
    last
        The last trouble, None when it is over.
    """

    def __init__(self) -> None:
        self.last: str | None = None
        self._logged_at: float | None = None
        self._count = 0

    def note(self, action: str, error: str) -> None:
        """Note that an action failed."""
        self.last = f"{action}: {error}"
        self._count += 1
        now = time.monotonic()
        if self._logged_at is None or now - self._logged_at >= QUIET_SECONDS:
            log.error("listener_in_trouble action=%r error=%r times=%d", action, error, self._count)
            self._logged_at, self._count = now, 0
