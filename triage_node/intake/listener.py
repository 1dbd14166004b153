"""The DIMSE listener: C-ECHO and C-STORE of every storage class in every transfer syntax."""

import logging
import socket
import threading
from dataclasses import dataclass

from triage_node.config import Settings
from triage_node.errors import StorageError
from triage_node.intake.association import Association
from triage_node.intake.door import Door
from triage_node.intake.pdu import Connection

log = logging.getLogger(__name__)

BACKLOG = 128
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class ListenerState:
    """How the listener is."""

    accepting: bool
    associations: int
    refused: int
    last_error: str | None


class Listener:
    """Take connections, each in a thread of its own, and hand each instance to the door.

    Parameters
    ----------
    settings
        Address, allow list, limits.
    door
        Where instances go.
    """

    def __init__(self, settings: Settings, door: Door) -> None:
        self._settings = settings
        self._door = door
        self._socket: socket.socket | None = None
        self._open: dict[Connection, threading.Thread] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, name="listener", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on, also when a free one was asked for."""
        assert self._socket is not None
        return int(self._socket.getsockname()[1])

    def state(self) -> ListenerState:
        """Tell how it is."""
        accepting = self._thread.is_alive() and self._socket is not None and _is_listening(self._socket)
        return ListenerState(accepting, len(self._open), refused=0, last_error=None)

    def start(self) -> None:
        """Listen; returns at once.

        Raises
        ------
        StorageError
            The address cannot be bound.
        """
        address = (self._settings.dicom_host, self._settings.dicom_port)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            self._socket = socket.create_server(address, family=family, backlog=BACKLOG)
        except OSError as error:
            raise StorageError(f"Cannot listen on {address[0]}:{address[1]}: {error.strerror}.") from error
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end every association; what was acknowledged is kept."""
        if self._socket is None:
            return
        # Closing alone does not wake the thread that waits in accept().
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(STOP_SECONDS)
        with self._lock:
            left = dict(self._open)
        for connection, thread in left.items():
            connection.close()
            thread.join(STOP_SECONDS)

    def _accept(self) -> None:
        assert self._socket is not None
        while True:
            try:
                accepted, address = self._socket.accept()
            except OSError:
                if self._socket.fileno() == -1 or not _is_listening(self._socket):
                    return
                log.error("accept_failed")
                continue
            self._serve(accepted, str(address[0]))

    def _serve(self, accepted: socket.socket, address: str) -> None:
        connection = Connection(accepted, self._settings.association_idle_seconds)
        limit = self._settings.maximum_associations
        with self._lock:
            count = len(self._open)
            if count >= 2 * limit:
                # Beyond the limit a peer is told so; beyond twice the limit there is no thread to tell it.
                connection.close()
                return
            arguments = (connection, address, count >= limit)
            thread = threading.Thread(target=self._run, args=arguments, name=f"association-{address}", daemon=True)
            self._open[connection] = thread
        thread.start()

    def _run(self, connection: Connection, address: str, is_one_too_many: bool) -> None:
        settings = self._settings
        try:
            association = Association(
                connection, address, self._door, settings.allows, settings.maximum_instance_mb << 20
            )
            association.serve(settings.connect_timeout_seconds, is_one_too_many)
        finally:
            with self._lock:
                self._open.pop(connection, None)


def _is_listening(listener: socket.socket) -> bool:
    try:
        return bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False
