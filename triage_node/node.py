"""The composition root: the one place where the node's parts are put together."""

import logging
from collections.abc import Callable
from pathlib import Path

from triage_node.commitment import Answers, CommitmentService, Messenger, Requester, RequestorPeers, Results
from triage_node.config import Settings
from triage_node.delivery import Caller, Dispatcher, RetryPolicy, sender_of
from triage_node.dimse import Listener
from triage_node.endpoints import Destination, QuerySource, WorkitemServer
from triage_node.ingest import Indexer, Ingest, rebuild_study, rebuild_worklist
from triage_node.maintenance import DiskWatch, Scheduler
from triage_node.notifications import AvailabilityService, ProcedureStepService
from triage_node.pipeline import Supervisor
from triage_node.query_retrieve import Querier, source_of
from triage_node.readiness import Readiness
from triage_node.reloading import Reloading
from triage_node.retention import Pace, Reconciliation, Retention, RetentionPolicy
from triage_node.running_parts import RunningParts
from triage_node.storage import Spool, Watermarks, device_uid, hold, spool_folder
from triage_node.web.machinery import Machinery, Reload
from triage_node.web.server import WebServer
from triage_node.workitems import InputStudies, OwnWorklist, Performer, Performing, Prioritizer, UpsServer
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

OWN_POLL_SECONDS = 1.0
OWN_WAIT_SECONDS = 3600.0
"""So long a workitem that was pushed to the node waits for its study."""


class Node:
    """A running node.

    Parameters
    ----------
    settings
        Everything that can be set.

    Raises
    ------
    StorageError
        The data folder or the database cannot be used, or another node uses the folder.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_prepared = False
        self._lock = hold(settings.data_dir)
        self.spool = Spool(spool_folder(settings.data_dir), Watermarks.of(settings))
        self._device_uid = device_uid(settings.data_dir)
        self.worklist = Worklist(settings)
        self.indexer = Indexer(self.spool, self.worklist)
        self.ingest = Ingest(self.spool, self.worklist, self.indexer, settings.maximum_instance_mb << 20)
        self._policy = RetryPolicy(
            settings.retry_first_seconds, settings.retry_longest_seconds, settings.retry_give_up_hours * 3600
        )
        answers, results = Answers(self.worklist), Results(self.worklist, self.spool, self._policy)
        services = (
            CommitmentService(self.worklist, results, answers.take),
            ProcedureStepService(self.worklist),
            AvailabilityService(self.worklist),
        )
        self.listener = Listener(settings, self.ingest, services)
        self._requestor_peers = RequestorPeers.of(settings)
        self.messenger = Messenger(self.worklist, results, self._requestor_peers, Caller.of(settings))
        self.requesters = RunningParts(lambda one: self._requester(one, answers), _committing(settings))
        self.supervisor = Supervisor(settings, self.worklist)
        self.dispatchers = RunningParts(self._dispatcher, settings.destinations)
        self.queriers = RunningParts(self._querier, settings.sources)
        self._destinations = {one.name: one for one in settings.destinations}
        self._inputs = InputStudies(settings.sources, Caller.of(settings), self.worklist, self.ingest)
        servers = settings.workitem_servers
        self.workitem_users: list[Performer | Prioritizer] = [
            *(self._performer(one) for one in servers if one.performs),
            *(self._prioritizer(one) for one in servers if one.priorities),
        ]
        self.own_performer = self._performer(None)
        self._pace = Pace(lambda: self.spool.is_receiving)
        self.retention = Retention(self.worklist, self.spool, RetentionPolicy.of(settings), self._pace)
        self.reconciliation = Reconciliation(
            self.worklist, self.spool, self.indexer.take_up, self._rebuild_study, self._pace
        )
        self.scheduler = Scheduler(self.worklist.clock_change.follow)
        callers = (self.dispatchers, self.queriers, self.workitem_users)
        parts = (self.listener, self.indexer, self.supervisor, self.scheduler, *callers)
        self.readiness = Readiness(self.worklist, self.spool, *parts)
        self.reloading = Reloading(settings, self.worklist, self._prepare_settings)
        self.web = self._web() if settings.web_enabled else None

    def prepare(self) -> None:
        """Take up what an earlier run left, which can take long; it may be cut off anywhere and begun again.

        Raises
        ------
        StorageError
            The database cannot be prepared.
        SettingsError
            The database belongs to another data folder.
        """
        self.worklist.look_for_damage()
        self.worklist.prepare()
        if self.settings.database_url is not None:
            self.worklist.installation.check(self._device_uid)
        self._recover()
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
        self.indexer.start()
        self.listener.start()
        if self.web is not None:
            self.web.start()
        for dispatcher in self.dispatchers:
            dispatcher.start()
        for querier in self.queriers:
            querier.start()
        for user in (*self.workitem_users, self.own_performer):
            user.start()
        self.messenger.start()
        for requester in self.requesters:
            requester.start()
        self.scheduler.every(self._tick_seconds, self.worklist.study_completion.advance)
        self.scheduler.every(0.5, self.supervisor.check)
        self.scheduler.every(5, self.supervisor.kill_if_stuck)
        self.scheduler.every(5, self._keep_deliveries)
        self.scheduler.every(10, DiskWatch(self.spool, self._note_disk).check)
        self.scheduler.every(30, self.worklist.queue_history.look)
        self.scheduler.every(30, self.retention.run)
        self.scheduler.every(86_400, self.reconciliation.run)
        if self.listener.certificate is not None:
            self.scheduler.every(5, self.listener.certificate.follow)
        self.supervisor.check()
        self.scheduler.start()
        ports = self.listener.port, self.listener.tls_port
        log.info("node_started ae_title=%r port=%d tls_port=%d", self.settings.ae_title, *ports)

    def stop(self) -> None:
        """End every part in the order a study takes, so that nothing acknowledged is left behind."""
        if self.web is not None:
            self.web.stop()
        self.listener.stop()
        askers = (*self.queriers.with_ending, *self.workitem_users, self.own_performer)
        for asker in askers:
            asker.end()
        for asker in askers:
            asker.stop(self.settings.connect_timeout_seconds)
        self.indexer.stop()
        self._pace.end()
        self.scheduler.stop()
        self.supervisor.stop()
        dispatchers = self.dispatchers.with_ending
        for dispatcher in dispatchers:
            dispatcher.end()
        for dispatcher in dispatchers:
            dispatcher.stop()
        self.messenger.stop()
        for requester in self.requesters.with_ending:
            requester.stop()
        self.worklist.close()
        self._lock.close()
        log.info("node_stopped")

    def reload(self, read: Callable[[], Settings]) -> Reload:
        """Read the settings anew and take up what can be, without losing an association or a delivery.

        Parameters
        ----------
        read
            Reads them, or raises `SettingsError`; everything then stays as it was.
        """
        return self.reloading.reload(read)

    def _prepare_settings(self, settings: Settings) -> Callable[[], None]:
        """Make ready what other settings want; call what is returned to go by them.

        Rules come before the threads that deliver: no result goes to a destination whose rules nobody knows yet.
        """
        steps = [
            self.dispatchers.prepare(settings.destinations),
            self.requesters.prepare(_committing(settings)),
            self.queriers.prepare(settings.sources),
            self.listener.prepare(settings),
            *([self.web.prepare(settings)] if self.web is not None else []),
        ]

        def use() -> None:
            self.settings = settings
            self.worklist.use(settings)
            self.supervisor.use(settings)
            self.ingest.maximum_bytes = settings.maximum_instance_mb << 20
            self.spool.use(Watermarks.of(settings))
            self._requestor_peers.use(settings)
            self._inputs.sources = settings.sources
            # Those that are gone stay: a workitem may name where its report was stored.
            self._destinations.update({one.name: one for one in settings.destinations})
            for step in steps:
                step()

        return use

    @property
    def _tick_seconds(self) -> float:
        return min(1.0, self.settings.series_quiet_seconds / 4, self.settings.study_quiet_seconds / 4)

    def _recover(self) -> None:
        if self.spool.is_being_rebuilt or self.worklist.study_details.is_empty():
            rebuild_worklist(self.spool, self.worklist, [str(one) for one in self.settings.destinations])
        self.worklist.claims.release_node(self.settings.node_name)
        self.worklist.outbox.recover()
        self.worklist.schedule.recover()
        self.worklist.commitment_transactions.recover()

    def _rebuild_study(self, folder: Path) -> bool:
        return rebuild_study(self.spool, self.worklist, [str(one) for one in self.settings.destinations], folder)

    def _keep_deliveries(self) -> None:
        """Prolong the leases of what is being sent, and take back what nobody sends any more."""
        for dispatcher in self.dispatchers.with_ending:
            dispatcher.renew()
        self.worklist.outbox.release_expired()

    def _note_disk(self, code: str, message: str) -> None:
        self.worklist.registration.reject(code, message, actor="upkeep")

    def _web(self) -> WebServer:
        how = self.readiness
        machinery = Machinery(how.worker, how.jobs, how.intake, how.reaches, lambda: self.reloading.last)
        return WebServer(
            self.settings, self.worklist, self.spool, ingest=self.ingest, ready=how.facts, machinery=machinery
        )

    def _querier(self, source: QuerySource) -> Querier:
        return Querier(source, source_of(source, Caller.of(self.settings)), self.worklist, self.ingest)

    def _performer(self, server: WorkitemServer | None) -> Performer:
        """Return what performs the workitems of a server, or those that are pushed to the node."""
        settings, caller = self.settings, Caller.of(self.settings)
        manager = OwnWorklist(self.worklist) if server is None else UpsServer(server, caller)
        how = Performing(
            settings.ae_title.strip(),
            OWN_POLL_SECONDS if server is None else server.poll_seconds,
            OWN_WAIT_SECONDS if server is None else server.wait_minutes * 60,
            self._destinations,
            server,
        )
        return Performer(manager, how, self.worklist, self._inputs)

    def _prioritizer(self, server: WorkitemServer) -> Prioritizer:
        ups_server = UpsServer(server, Caller.of(self.settings))
        return Prioritizer(server, ups_server, self.worklist, self.settings.ae_title.strip())

    def _dispatcher(self, destination: Destination) -> Dispatcher:
        settings = self.settings
        sender = sender_of(destination, Caller.of(settings), self.spool, settings.finding_codes)
        stop_seconds = 2 * settings.connect_timeout_seconds
        commitment_seconds = settings.commitment_wait_hours * 3600 if destination.commitment else None
        return Dispatcher(
            destination.name,
            sender,
            self.worklist,
            self._policy,
            stop_seconds,
            commitment_seconds=commitment_seconds,
        )

    def _requester(self, destination: Destination, answers: Answers) -> Requester:
        return Requester(destination, self.worklist, Caller.of(self.settings), self._policy, answers.take)


def _committing(settings: Settings) -> list[Destination]:
    return [one for one in settings.destinations if one.commitment]
