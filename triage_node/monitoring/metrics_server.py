"""Metrics on a port of their own, for where the web server is off or out of Prometheus's reach."""

import logging
import threading
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server

from triage_node.errors import AddressUnavailable

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0


class MetricsServer:
    """Serve a registry until it is stopped; there is nothing to sign in to.

    Parameters
    ----------
    host, port
        Where; 0 takes a free port.
    registry
        What is told.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self._host = host
        self._port = port
        self._registry = registry
        self._running: tuple[WSGIServer, threading.Thread] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, also when a free one was asked for."""
        assert self._running is not None
        return int(self._running[0].server_port)

    def start(self) -> None:
        """Listen; returns at once.

        Raises
        ------
        AddressUnavailable
            The address cannot be bound.
        """
        try:
            self._running = start_http_server(self._port, self._host, self._registry)
        except OSError as error:
            raise AddressUnavailable(
                f"Cannot serve metrics on {self._host}:{self._port}: {error.strerror}; "
                "another metrics_port may be free."
            ) from error
        log.info("metrics_started port=%d", self.port)

    def stop(self) -> None:
        """End."""
        if self._running is None:
            return
        server, thread = self._running
        server.shutdown()
        server.server_close()
        thread.join(STOP_SECONDS)
