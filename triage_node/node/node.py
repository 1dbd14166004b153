"""A process of the node: the roles it has, started and ended in the order that a study takes."""

import logging
from collections.abc import Callable

from triage_node.config import Role, Settings
from triage_node.dimse import Listener
from triage_node.ingest import rebuild_worklist
from triage_node.monitoring import Exposition, MetricsServer
from triage_node.node.commitment import Commitment
from triage_node.node.delivery_role import DeliveryRole
from triage_node.node.intake import Intake
from triage_node.node.listener_role import ListenerRole
from triage_node.node.shared_parts import SharedParts
from triage_node.node.upkeep_role import UpkeepRole
from triage_node.node.worker_role import WorkerRole
from triage_node.pipeline import Supervisor
from triage_node.readiness import Readiness
from triage_node.reloading import Reloading
from triage_node.web.machinery import Machinery, Reload
from triage_node.web.server import WebServer

log = logging.getLogger(__name__)


class Node:
    """A running node, or one of the processes of one.

    Parameters
    ----------
    settings
        Everything that can be set; `roles` says what is done here.

    Raises
    ------
    StorageError
        The data folder or the database cannot be used, or another node uses the folder.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_prepared = False
        self.parts = SharedParts(settings)
        self.spool, self.worklist, self.scheduler = self.parts.spool, self.parts.worklist, self.parts.scheduler
        commitment = Commitment.of(self.parts)
        takes_in = self._has("listener") or self._has("web") or self._has("upkeep")
        self._intake = Intake(self.parts) if takes_in else None
        self._listener = self._upkeep = None
        if self._intake is not None and self._has("listener"):
            self._listener = ListenerRole(self.parts, self._intake.ingest, commitment)
        if self._intake is not None and self._has("upkeep"):
            self._upkeep = UpkeepRole(self.parts, self._intake)
        self._worker = WorkerRole(self.parts) if self._has("worker") else None
        self._delivery = DeliveryRole(self.parts, commitment) if self._has("delivery") else None
        self.reloading = Reloading(settings, self.worklist, self._prepare_settings)
        self.readiness = how = self._readiness()
        self.machinery = Machinery(
            how.worker, how.jobs, how.intake, how.reaches, lambda: self.reloading.last, how.echoes, self._try_now
        )
        self.exposition = self._exposition()
        self.metrics = self._metrics_server()
        self.web = self._web() if self._has("web") and settings.web_enabled else None

    @property
    def listener(self) -> Listener | None:
        """The DICOM listener, None where the process has not that role."""
        return self._listener.listener if self._listener is not None else None

    @property
    def supervisor(self) -> Supervisor | None:
        """Who runs the model, None where the process has not that role."""
        return self._worker.supervisor if self._worker is not None else None

    def prepare(self) -> None:
        """Take up what an earlier run left, which can take long; it may be cut off anywhere and begun again.

        Raises
        ------
        StorageError
            The database cannot be prepared.
        SettingsError
            The database belongs to another data folder.
        """
        self.parts.prepare()
        if self.parts.is_alone():
            self._recover()
        if self.parts.uploader is not None:
            self.parts.uploader.prepare()
        if self._delivery is not None:
            self.worklist.schedule.recover()
        self.parts.let_others_in()
        self._is_prepared = True

    def start(self) -> None:
        """Start every part, prepared or not; returns at once.

        Raises
        ------
        AddressUnavailable
            A port is in use, or an address is not this machine's.
        """
        if not self._is_prepared:
            self.prepare()
        self.parts.duties.start()
        takers = self.parts.uploader, self._intake, self._listener, self.web, self.metrics
        for part in (*takers, self._delivery, self._upkeep, self._worker):
            if part is not None:
                part.start()
        self.scheduler.start()
        self.readiness.started()
        ports = (self.listener.port, self.listener.tls_port) if self.listener is not None else (0, 0)
        values = self.parts.name, ",".join(self.settings.roles), self.settings.ae_title, *ports
        log.info("node_started node=%r roles=%s ae_title=%r port=%d tls_port=%d", *values)

    def stop(self) -> None:
        """End every part in the order a study takes, so that nothing acknowledged is left behind."""
        for part in (self.web, self.metrics, self._listener, self._upkeep, self._intake):
            if part is not None:
                part.stop()
        self.scheduler.stop()
        for last in (self._worker, self._delivery):
            if last is not None:
                last.stop()
        if self.parts.uploader is not None:
            self.parts.uploader.stop()
        self.parts.duties.stop()
        self.parts.close()
        log.info("node_stopped")

    def reload(self, read: Callable[[], Settings]) -> Reload:
        """Read the settings anew and take up what can be, without losing an association or a delivery.

        Parameters
        ----------
        read
            Reads them, or raises `SettingsError`; everything then stays as it was.
        """
        return self.reloading.reload(read)

    def _try_now(self, destination: str) -> bool:
        """Have a destination called at once, if this process delivers there."""
        dispatchers = self._delivery.dispatchers if self._delivery is not None else ()
        found = [one for one in dispatchers if one.reach.destination == destination]
        for dispatcher in found:
            dispatcher.try_now()
        return bool(found)

    def _prepare_settings(self, settings: Settings) -> Callable[[], None]:
        """Make ready what other settings want; call what is returned to go by them.

        Rules come before the threads that deliver: no result goes to a destination whose rules nobody knows yet.
        """
        parts = (self._upkeep, self._listener, self.web, self._delivery)
        steps = [part.prepare(settings) for part in parts if part is not None]

        def use() -> None:
            self.settings = settings
            for part in (self.parts, self._worker, self._intake):
                if part is not None:
                    part.use(settings)
            for step in steps:
                step()

        return use

    def _has(self, role: Role) -> bool:
        return role in self.settings.roles

    def _recover(self) -> None:
        """Take back what an earlier run had in its hands: no other process lives that could have it still."""
        worklist = self.worklist
        if self.spool.is_being_rebuilt or worklist.study_details.is_empty():
            rebuild_worklist(self.spool, worklist, [str(one) for one in self.settings.destinations])
        if self.parts.is_shared:
            worklist.claims.release_all()
            worklist.leases.clear()
        else:
            worklist.claims.release_node(self.parts.name)
        worklist.outbox.recover(all_nodes=self.parts.is_shared)
        worklist.commitment_transactions.recover()

    def _readiness(self) -> Readiness:
        return Readiness(
            self.worklist,
            self.spool,
            self.listener,
            self._intake.indexer if self._intake is not None else None,
            self.supervisor,
            self.scheduler,
            self._delivery.dispatchers if self._delivery is not None else None,
            self._upkeep.queriers if self._upkeep is not None else (),
            self._upkeep.workitem_users if self._upkeep is not None else (),
            self._delivery.echo if self._delivery is not None else None,
            uploader=self.parts.uploader,
        )

    def _exposition(self) -> Exposition:
        node = self.worklist, self.spool, self.readiness.facts, self.machinery
        return Exposition(self.parts.instruments, lambda: self.reloading.settings, *node)

    def _metrics_server(self) -> MetricsServer | None:
        host, port = self.settings.metrics_host, self.settings.metrics_port
        return None if port is None else MetricsServer(host, port, self.exposition.registry)

    def _web(self) -> WebServer:
        return WebServer(
            self.settings,
            self.worklist,
            self.spool,
            ingest=self._intake.ingest if self._intake is not None else None,
            ready=self.readiness.facts,
            machinery=self.machinery,
            metrics=self.exposition.text,
            is_alive=self.readiness.is_alive,
        )
