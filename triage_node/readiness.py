"""What the node needs to do its work, whether it is there, and what a person should look at beside. No patient data."""

from collections import Counter
from collections.abc import Iterator, Sequence

from triage_node.byte_size import byte_size
from triage_node.config import ROLES
from triage_node.delivery import Dispatcher
from triage_node.dimse import Listener
from triage_node.errors import StorageError
from triage_node.ingest import Indexer
from triage_node.maintenance import Echo, Scheduler
from triage_node.pipeline import Supervisor
from triage_node.query_retrieve import Querier
from triage_node.storage import Level, Spool
from triage_node.uploading import Uploader
from triage_node.web.machinery import Echoed, Fact, Intake, Job, Reach, Worker
from triage_node.workitems import Performer, Prioritizer
from triage_node.worklist import Worklist

LATE_SECONDS = 60.0
"""An instance that was acknowledged so long ago and has no row yet is a backlog somebody should look at."""
LONG_SECONDS = 900.0
"""So long may a report wait for its destination before somebody should look."""
"""A process that was not seen for so long has ended, or is cut off."""


class Readiness:
    """Ask each part of the node how it is; one that is None is not this process's to have."""

    def __init__(
        self,
        worklist: Worklist,
        spool: Spool,
        listener: Listener | None,
        indexer: Indexer | None,
        supervisor: Supervisor | None,
        scheduler: Scheduler,
        dispatchers: Sequence[Dispatcher] | None,
        queriers: Sequence[Querier] = (),
        workitem_users: Sequence[Performer | Prioritizer] = (),
        echo: Echo | None = None,
        uploader: Uploader | None = None,
    ) -> None:
        self._worklist = worklist
        self._spool = spool
        self._listener = listener
        self._indexer = indexer
        self._supervisor = supervisor
        self._scheduler = scheduler
        self._dispatchers = dispatchers
        self._queriers = queriers
        self._workitem_users = workitem_users
        self._is_started = False
        self._echo = echo
        self._uploader = uploader

    def facts(self) -> list[Fact]:
        """Return what must be there for the node to be ready, then what it can do without for a while."""
        return [*self._needed(), *self._warnings()]

    def worker(self) -> Worker | None:
        """Return how the inference process is; None where it is another's."""
        if self._supervisor is None:
            return None
        status = self._supervisor.status
        return Worker(
            self._supervisor.pid,
            status.ready,
            status.device,
            status.model,
            status.version,
            status.error,
            status.sha256,
            self._supervisor.gpu_memory,
        )

    def is_alive(self) -> bool:
        """Tell whether every thread runs that takes, registers, moves and sends; a node that is starting has none yet.

        What is not alive does not come back by itself: the process is to be started again.
        """
        if not self._is_started:
            return True
        parts = (self._listener, self._scheduler, *(self._dispatchers or ()))
        is_registering = self._indexer is None or self._indexer.state().alive
        return is_registering and all(part is None or part.is_alive for part in parts)

    def started(self) -> None:
        """Note that every part was started, so that from now on one that does not run has ended."""
        self._is_started = True

    def jobs(self) -> list[Job]:
        """Return how each job of upkeep went."""
        return [Job(**vars(job)) for job in self._scheduler.jobs]

    def intake(self) -> Intake | None:
        """Return how what comes in over DICOM is taken; None where another takes it."""
        if self._listener is None or self._indexer is None:
            return None
        listener, indexer = self._listener.state(), self._indexer.state()
        return Intake(
            accepting=listener.accepting,
            associations=listener.associations,
            refused=listener.refused,
            last_error=listener.last_error or "",
            registering=indexer.alive,
            backlog=indexer.backlog,
            backlog_seconds=indexer.oldest_seconds,
            set_aside=indexer.set_aside,
        )

    def reaches(self) -> list[Reach]:
        """Return for each destination of the settings whether it answers."""
        return [Reach(**vars(dispatcher.reach)) for dispatcher in self._dispatchers or ()]

    def echoes(self) -> list[Echoed]:
        """Return what each destination did when it was tried last without a report."""
        return [Echoed(**vars(one)) for one in self._echo.echoes] if self._echo is not None else []

    def _needed(self) -> Iterator[Fact]:
        intake, database = self.intake(), self._worklist.database
        yield Fact("database", self._worklist.answers(), database.damage or database.refusal)
        yield Fact("disk", *self._disk())
        if self._supervisor is not None:
            yield Fact("model", self._supervisor.status.ready, self._supervisor.status.error)
        if intake is not None:
            yield Fact("listener", intake.accepting, intake.last_error or f"{intake.associations} associations")
        if self._indexer is not None:
            indexer = self._indexer.state()
            yield Fact("indexer", indexer.alive, f"{indexer.backlog} instances wait for their rows")
        yield Fact("scheduler", *self._schedule())
        if self._dispatchers is not None:
            are_alive = all(one.is_alive for one in self._dispatchers)
            yield Fact("dispatchers", are_alive, f"{len(self._dispatchers)} destinations")

    def _disk(self) -> tuple[bool, str]:
        try:
            space = self._spool.space()
        except StorageError:
            return False, "the data folder cannot be read"
        return space.level is not Level.FULL, f"{byte_size(space.free)} free"

    def _space(self) -> tuple[bool, str]:
        """Tell whether room should be made; a disk that is full is no warning any more."""
        try:
            space = self._spool.space()
        except StorageError:
            return True, ""
        is_low = space.level is Level.LOW
        return not is_low, f"{byte_size(space.free)} free, a warning below {byte_size(space.warn)}" if is_low else ""

    def _schedule(self) -> tuple[bool, str]:
        late = [job.name for job in self.jobs() if job.is_vital and job.is_late]
        if not self._scheduler.is_alive:
            return False, "it runs no jobs"
        return not late, f"late: {', '.join(late)}" if late else f"{len(self._scheduler.jobs)} jobs"

    def _warnings(self) -> Iterator[Fact]:
        if self._indexer is not None:
            indexer = self._indexer.state()
            late = (indexer.oldest_seconds or 0.0) > LATE_SECONDS
            message = f"{indexer.backlog} instances wait for their rows, {indexer.set_aside} are set aside"
            yield Fact("registration", not late and not indexer.set_aside, message, is_needed=False)
        yield Fact("space", *self._space(), is_needed=False)
        yield Fact("upkeep", *self._upkeep(), is_needed=False)
        if self._dispatchers is not None:
            yield Fact("deliveries", *self._deliveries(self._dispatchers), is_needed=False)
        if self._listener is not None and self._listener.certificate is not None:
            state = self._listener.certificate.state()
            yield Fact("certificate", state.is_well, state.message, is_needed=False)
        yield from self._roles()
        if self._uploader is not None:
            yield Fact("uploads", *_uploads(self._uploader), is_needed=False)
        if self._queriers:
            yield Fact("sources", *self._sources(), is_needed=False)
        if self._workitem_users:
            yield Fact("workitem servers", *self._workitem_servers(), is_needed=False)

    def _upkeep(self) -> tuple[bool, str]:
        jobs = self.jobs()
        failing = [job.name for job in jobs if job.error or (job.is_late and not job.is_vital)]
        found = [f"{job.name}: {job.outcome}" for job in jobs if job.wants_look and not job.error]
        said = [f"failing: {', '.join(failing)}"] if failing else []
        return not failing and not found, "; ".join([*said, *found])

    def _roles(self) -> Iterator[Fact]:
        """Tell which role no process has, where there are several."""
        try:
            nodes = self._worklist.leases.nodes()
        except StorageError:  # said already
            return
        if nodes:
            now = self._worklist.clock()
            living = Counter(role for one in nodes if one.is_alive(now) for role in one.roles)
            missing = [role for role in ROLES if not living[role]]
            numbers = ", ".join(f"{number} {role}" for role, number in living.items())
            message = f"no process is {' or '.join(missing)}" if missing else numbers
            yield Fact("roles", not missing, message, is_needed=False)

    def _sources(self) -> tuple[bool, str]:
        down = [one.state.source for one in self._queriers if one.state.answers is False]
        return not down, f"down: {', '.join(down)}" if down else f"{len(self._queriers)} asked"

    def _workitem_servers(self) -> tuple[bool, str]:
        states = [one.state for one in self._workitem_users]
        down = list(dict.fromkeys(one.server for one in states if one.answers is False))
        number = len({one.server for one in states})
        return not down, f"down: {', '.join(down)}" if down else f"{number} asked"

    def _deliveries(self, dispatchers: Sequence[Dispatcher]) -> tuple[bool, str]:
        names = tuple(one.reach.destination for one in dispatchers)
        try:
            states = self._worklist.outbox_state.destinations(names)
        except StorageError:
            return False, "the database does not say"
        dead, waiting = sum(one.dead for one in states), sum(one.waiting for one in states)
        oldest = max((one.waiting_seconds or 0.0 for one in states), default=0.0)
        down = [one.reach.destination for one in dispatchers if one.reach.answers is False]
        message = f"{waiting} on their way, the oldest for {oldest:.0f} s, {dead} given up"
        message += f"; down: {', '.join(down)}" if down else ""
        return not dead and not down and oldest <= LONG_SECONDS, message


def _uploads(uploader: Uploader) -> tuple[bool, str]:
    """Tell how far behind the bucket is, and why; what waits is kept, and what fills the disk is another fact."""
    try:
        state = uploader.state()
    except StorageError:
        return False, "the database does not say"
    message = f"{state.waiting} studies wait to be copied to {state.bucket.name}"
    message += f", the oldest for {state.oldest_seconds:.0f} s" if state.waiting else ""
    message += f", {state.elsewhere} on other machines" if state.elsewhere else ""
    message += f"; {state.bucket.message}" if state.bucket.message else ""
    message += f"; not uploaded: {state.failing}" if state.failing else ""
    is_well = state.bucket.answers is not False and not state.failing and uploader.is_alive
    return is_well and state.oldest_seconds <= LONG_SECONDS, message
