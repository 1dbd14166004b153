"""The DIMSE listener: C-ECHO, C-STORE of every storage class in every transfer syntax, and services handed in."""

import contextlib
import logging
import queue
import selectors
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from triage_node.config import Settings
from triage_node.dimse.admission import Admission
from triage_node.dimse.arrival import Arrival
from triage_node.dimse.association import Association
from triage_node.dimse.connection import Connection
from triage_node.dimse.negotiation import CONGESTED, LOCAL_LIMIT_EXCEEDED, Rejection
from triage_node.dimse.normalized.service import Service
from triage_node.dimse.normalized.services import Services
from triage_node.dimse.places import Place, Places
from triage_node.dimse.port import Port
from triage_node.dimse.reception import Reception
from triage_node.dimse.tls import ServerCertificate
from triage_node.dimse.troubles import Troubles
from triage_node.errors import AddressUnavailable, InvalidInstance
from triage_node.ingest import Ingest, Sender
from triage_node.instrumentation import AssociationRefusal, Instruments
from triage_node.logs import origin

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0
TICK_SECONDS = 0.1
# After a connection could not be accepted: the next try would fail as well, and a loop of them starves the others.
PAUSE_SECONDS = 0.5
MOST_NOTES = 100
# Connections taken of a port before it is looked what others have sent.
MOST_AT_ONCE = 128


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
        Addresses, certificate, allow list, limits.
    ingest
        Where instances go.
    services
        What it offers beside C-ECHO and C-STORE.
    instruments
        Count and time what it does.

    Attributes
    ----------
    certificate
        What the TLS port shows, None without one.

    Raises
    ------
    SettingsError
        The certificate cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        ingest: Ingest,
        services: Iterable[Service] = (),
        instruments: Instruments | None = None,
    ) -> None:
        self._settings = settings
        self._instruments = instruments or Instruments()
        self._ingest = ingest
        self._services = Services(services)
        self.certificate = ServerCertificate.of(settings)
        self._ports = list(_ports(settings, self.certificate))
        self._is_open = False
        self._admission = Admission(settings)
        self._selector = selectors.DefaultSelector()
        self._places = Places(settings.maximum_associations, settings.maximum_associations_per_address)
        self._reception = Reception(self._selector, settings.connect_timeout_seconds, self._admit, self._note_arrival)
        self._notes: queue.Queue[tuple[str, Sender] | None] = queue.Queue(MOST_NOTES)
        self._stopping = threading.Event()
        self._troubles = Troubles()
        self._refused = 0
        self._resume_at: float | None = None
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._clerk = threading.Thread(target=self._write_notes, name="listener-notes", daemon=True)

    @property
    def port(self) -> int:
        """The plain port that is listened on, also when a free one was asked for; 0 without one."""
        return next((port.number for port in self._ports if not port.is_secure), 0)

    @property
    def tls_port(self) -> int:
        """The one over TLS, likewise."""
        return next((port.number for port in self._ports if port.is_secure), 0)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

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
        try:
            for port in self._ports:
                port.open()
        except AddressUnavailable:
            self._close_ports()
            raise
        if self.certificate is not None:
            self.certificate.warn()
        self._is_open = True
        self._watch_ports()
        self._clerk.start()
        self._thread.start()

    def prepare(self, settings: Settings) -> Callable[[], None]:
        """Read what other settings name; call what is returned to go by them, from the next association on.

        Addresses and ports stay, and so do associations that are open.

        Raises
        ------
        SettingsError
            The certificate cannot be used; nothing has changed.
        """
        show = self.certificate.prepare(settings) if self.certificate is not None else None

        def use() -> None:
            if show is not None:
                show()
            self._places.limit(settings.maximum_associations, settings.maximum_associations_per_address)
            self._admission, self._settings = Admission(settings), settings

        return use

    def stop(self) -> None:
        """Stop listening and end every association; what was acknowledged is kept."""
        if not self._is_open:
            return
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        self._close_ports()
        self._reception.close()
        self._selector.close()
        for connection, place in self._places.taken().items():
            connection.end()
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
            self._watch_ports()
            self._resume_at = None
        for key, _ in self._selector.select(TICK_SECONDS):
            if isinstance(key.data, Port):
                for _ in range(MOST_AT_ONCE):
                    if self._resume_at is not None or not self._accept(key.data):
                        break
            else:
                self._reception.read(key.data)
        self._reception.look()

    def _watch_ports(self) -> None:
        for port in self._ports:
            self._selector.register(port.listening, selectors.EVENT_READ, port)

    def _close_ports(self) -> None:
        for port in self._ports:
            port.close()

    def _accept(self, port: Port) -> bool:
        """Take a connection; without a file descriptor or memory for it, let one go that only waits, or wait."""
        try:
            connection, address = port.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            return True
        except OSError as error:
            self._troubles.note("accepting", error.strerror or str(error))
            if self._reception.send_away_one():
                return True
            for one in self._ports:
                self._selector.unregister(one.listening)
            self._resume_at = time.monotonic() + PAUSE_SECONDS
            return False
        self._troubles.last = None
        if (complaint := self._admission.complaint(address)) is not None:
            refusal, why = complaint
            connection.close()
            self._note(Sender("", address), f"The connection was closed: {why}.", refusal)
            return True
        try:
            arrival = port.arrival(connection, address)
        except OSError:  # the peer has gone already
            connection.close()
            return True
        try:
            self._reception.welcome(arrival)
        except BaseException:
            arrival.socket.close()
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
            arrival.socket.setblocking(False)
            self._troubles.note("starting a thread", str(error) or type(error).__name__)
            return CONGESTED
        return None

    def _run(self, connection: Connection, address: str, request: bytes) -> None:
        settings = self._settings
        try:
            association = Association(
                connection,
                address,
                self._ingest,
                self._admission,
                settings.maximum_instance_mb << 20,
                self._services,
                self._instruments,
            )
            association.serve(request)
        finally:
            connection.close()
            self._places.leave(connection)

    def _note_arrival(self, arrival: Arrival, sentence: str, refusal: AssociationRefusal) -> None:
        self._note(Sender(arrival.calling_ae_title(), arrival.address), sentence, refusal)

    def _note(self, sender: Sender, sentence: str, refusal: AssociationRefusal) -> None:
        """Have an event written of a refusal: the database may be slow, the port must not."""
        self._refused += 1
        self._instruments.association_refused(refusal)
        self._ingest.senders.note(sender, refusal, sentence)
        with contextlib.suppress(queue.Full):  # a flood; its first ones are noted
            self._notes.put_nowait((sentence, sender))

    def _write_notes(self) -> None:
        while (note := self._notes.get()) is not None:
            sentence, sender = note
            try:
                self._ingest.refuse(InvalidInstance(sentence), sender)
            except Exception as error:  # a border: a note that is lost must not lose the next
                log.error("event_lost error=%s", origin(error))


def _ports(settings: Settings, certificate: ServerCertificate | None) -> Iterator[Port]:
    if settings.dicom_plain_enabled:
        yield Port(settings.dicom_host, settings.dicom_port)
    if settings.dicom_tls_port is not None:
        yield Port(settings.dicom_host, settings.dicom_tls_port, certificate)
