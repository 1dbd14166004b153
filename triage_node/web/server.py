"""The web server: uvicorn in a thread of the node."""

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import partial

import uvicorn
from fastapi import FastAPI

from triage_node.config import Settings
from triage_node.errors import AddressUnavailable, SettingsError
from triage_node.ingest import Ingest
from triage_node.storage import Spool
from triage_node.web.application import build_application, use_settings
from triage_node.web.header_preparation import HeaderPreparation
from triage_node.web.http.connection_limits import MOST_CONNECTIONS, BoundedConnection
from triage_node.web.http.tls_connections import Loop
from triage_node.web.machinery import Fact, Machinery
from triage_node.web.security.audit import Auditor
from triage_node.web.security.audit_forwarding import forwarder
from triage_node.web.views.header_cache import HeaderCache
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

BACKLOG = 512
GRACE_SECONDS = 2
STOP_SECONDS = 10.0


class WebServer:
    """Serve the application until it is stopped.

    Parameters
    ----------
    settings
        Address, TLS, proxies, and everything the application wants.
    worklist, spool, ingest
        The node's services.
    ready
        What the node needs and whether it is there.
    machinery, metrics, is_alive
        As `build_application` has them.
    """

    def __init__(
        self,
        settings: Settings,
        worklist: Worklist,
        spool: Spool,
        *,
        ingest: Ingest | None = None,
        ready: Callable[[], Sequence[Fact]] = tuple,
        machinery: Machinery | None = None,
        metrics: Callable[[str], tuple[bytes, str]] | None = None,
        is_alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings = settings
        self._socket: socket.socket | None = None
        self._auditor = Auditor(worklist.audit_trail, forwarder(settings, worklist))
        headers = HeaderCache()
        self._preparation = HeaderPreparation(worklist, spool, headers)
        self._build = partial(
            build_application,
            settings,
            worklist,
            spool,
            self._auditor,
            ingest=ingest,
            ready=ready,
            machinery=machinery,
            metrics=metrics,
            is_alive=is_alive,
            headers=headers,
        )
        self._application: FastAPI | None = None
        self._context: ssl.SSLContext | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, also when a free one was asked for."""
        assert self._socket is not None
        return int(self._socket.getsockname()[1])

    @property
    def address(self) -> str:
        """The address for a browser on this machine."""
        scheme = "https" if self._settings.web_tls_certificate else "http"
        host = f"[{self._settings.web_host}]" if ":" in self._settings.web_host else self._settings.web_host
        return f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Bind and serve; returns at once.

        Raises
        ------
        AddressUnavailable
            The address cannot be bound.
        SettingsError
            The certificate or its key cannot be used.
        """
        self._socket = _bound(self._settings)
        config = self._config()
        try:
            config.load()
        except OSError as error:
            self._socket.close()
            raise SettingsError(f"web_tls_certificate or web_tls_key cannot be used: {error}.") from error
        if config.ssl is not None:
            self._context = config.ssl
            config.ssl.sni_callback = self._show_latest
        self._auditor.start()
        self._preparation.start()
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="web", daemon=True)
        self._thread.start()
        log.info("web_started port=%d tls=%s", self.port, config.is_ssl)

    def prepare(self, settings: Settings) -> Callable[[], None]:
        """Read the certificate of other settings; call what is returned to go by them, from the next request on.

        Raises
        ------
        SettingsError
            The certificate or its key cannot be used.
        """
        context = None
        if settings.web_tls_certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            try:
                context.load_cert_chain(settings.web_tls_certificate, settings.web_tls_key)
            except OSError as error:
                raise SettingsError(f"web_tls_certificate or web_tls_key cannot be used: {error}.") from error

        def use() -> None:
            self._settings, self._context = settings, context
            if self._application is not None:
                use_settings(self._application, settings)

        return use

    def stop(self) -> None:
        """End after the requests that are being answered; streams are cut."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        self._preparation.stop()
        self._auditor.stop()
        if self._socket is not None:
            self._socket.close()

    def _show_latest(self, connection: ssl.SSLObject, *_: object) -> None:
        """Have a handshake go on with the certificate that was read last; called in each, also without a name."""
        if self._context is not None:
            connection.context = self._context

    def _config(self) -> uvicorn.Config:
        settings = self._settings
        self._application = self._build()
        return uvicorn.Config(
            self._application,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            http=BoundedConnection,
            loop=f"{Loop.__module__}:{Loop.__name__}",
            limit_concurrency=MOST_CONNECTIONS,
            proxy_headers=settings.web_behind_proxy,
            forwarded_allow_ips=list(settings.web_trusted_proxies),
            ssl_certfile=settings.web_tls_certificate,
            ssl_keyfile=settings.web_tls_key,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    try:
        return socket.create_server((settings.web_host, settings.web_port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise AddressUnavailable(
            f"Cannot serve pages on {settings.web_host}:{settings.web_port}: {error.strerror}; "
            "another web_port may be free."
        ) from error
