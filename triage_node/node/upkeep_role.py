"""The role `upkeep`: what goes by the clock, and what asks others. One process with this role does it at a time."""

from collections.abc import Callable

from triage_node.config import Settings
from triage_node.endpoints import QuerySource, WorkitemServer
from triage_node.maintenance import ClockWatch
from triage_node.node.intake import Intake
from triage_node.node.retention_jobs import RetentionJobs
from triage_node.node.shared_parts import SharedParts
from triage_node.node_jobs import plan_upkeep
from triage_node.query_retrieve import Querier, source_of
from triage_node.running_parts import RunningParts
from triage_node.workitems import InputStudies, OwnWorklist, Performer, Performing, Prioritizer, UpsServer

OWN_POLL_SECONDS = 1.0
OWN_WAIT_SECONDS = 3600.0
"""So long a workitem that was pushed to the node waits for its study."""
CLOCK_SECONDS = 1.0


class UpkeepRole:
    """Study completion, queriers, workitems, and the jobs of maintenance."""

    def __init__(self, parts: SharedParts, intake: Intake) -> None:
        self._parts = parts
        self._ingest = ingest = intake.ingest
        self._retention = RetentionJobs(parts, intake.indexer)
        self._settings = parts.settings
        self._duty = parts.duties.add("upkeep")
        servers = self._settings.workitem_servers
        self._inputs = InputStudies(self._settings.sources, parts.caller, parts.worklist, ingest)
        self._destinations = {one.name: one for one in self._settings.destinations}
        self.queriers = RunningParts(self._querier, self._settings.sources)
        self.workitem_users: list[Performer | Prioritizer] = [
            *(self._performer(one) for one in servers if one.performs),
            *(self._prioritizer(one) for one in servers if one.priorities),
        ]
        self._own_performer = self._performer(None)
        self._clock_watch = ClockWatch(parts.worklist.clock)

    def start(self) -> None:
        """Start asking, and put the jobs on the schedule."""
        for asker in (*self.queriers, *self.workitem_users, self._own_performer):
            asker.start()
        parts = self._parts
        self._plan()
        self._retention.plan(self._held)
        if self._parts.is_shared:
            does = "Moves with the clock of the database what waits for a time."
            parts.scheduler.every(CLOCK_SECONDS, self._follow_server, "clock", does)

    def prepare(self, settings: Settings) -> Callable[[], None]:
        """Make ready what other sources want; call what is returned to ask them, and to plan the jobs anew.

        Raises
        ------
        SettingsError
            A file that is needed cannot be used.
        """
        ask = self.queriers.prepare(settings.sources)

        def use() -> None:
            self._inputs.sources = settings.sources
            # Those that are gone stay: a workitem may name where its report was stored.
            self._destinations.update({one.name: one for one in settings.destinations})
            self._retention.use(settings)
            self._plan()
            ask()

        return use

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._retention.end()
        askers = (*self.queriers.with_ending, *self.workitem_users, self._own_performer)
        for asker in askers:
            asker.end()
        for asker in askers:
            asker.stop(self._settings.connect_timeout_seconds)

    def _plan(self) -> None:
        parts = self._parts
        plan_upkeep(parts.scheduler, lambda: parts.settings, parts.worklist, parts.spool, self._held)

    def _held(self, job: Callable[[], object]) -> Callable[[], None]:
        return self._parts.when_held(self._duty, job)

    def _follow_server(self) -> None:
        """Move with the server's clock what waits for a time, when it was set."""
        seconds = self._clock_watch.look()
        if seconds and self._duty.is_held():
            self._parts.worklist.clock_change.follow(seconds)

    def _querier(self, source: QuerySource) -> Querier:
        asks = source_of(source, self._parts.caller)
        return Querier(source, asks, self._parts.worklist, self._ingest, is_on_duty=self._duty.is_held)

    def _performer(self, server: WorkitemServer | None) -> Performer:
        """Return what performs the workitems of a server, or those that are pushed to the node."""
        settings, worklist, caller = self._settings, self._parts.worklist, self._parts.caller
        manager = OwnWorklist(worklist) if server is None else UpsServer(server, caller)
        how = Performing(
            settings.ae_title.strip(),
            OWN_POLL_SECONDS if server is None else server.poll_seconds,
            OWN_WAIT_SECONDS if server is None else server.wait_minutes * 60,
            self._destinations,
            server,
        )
        return Performer(manager, how, worklist, self._inputs, is_on_duty=self._duty.is_held)

    def _prioritizer(self, server: WorkitemServer) -> Prioritizer:
        ups_server = UpsServer(server, self._parts.caller)
        label = self._settings.ae_title.strip()
        return Prioritizer(server, ups_server, self._parts.worklist, label, is_on_duty=self._duty.is_held)
