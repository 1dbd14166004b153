"""How the node is now: disk, worker, upkeep, queues, destinations. No patient data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from triage_node import __version__
from triage_node.config import Settings
from triage_node.endpoints import Destination
from triage_node.errors import Trouble
from triage_node.json_object import FLAT
from triage_node.storage import Spool
from triage_node.web.machinery import Echoed, Fact, Intake, Job, Machinery, Reach, Worker
from triage_node.web.views.processes import Process, problems_of_processes, processes
from triage_node.worklist import Counts, DestinationState, Worklist

PROBLEMS: Mapping[str, str] = {
    Trouble.NOT_REACHED: "cannot be reached",
    Trouble.NO_TLS: "cannot be reached over TLS",
    Trouble.AE_TITLE_UNKNOWN: "does not know our AE title",
    Trouble.CALLED_AE_TITLE_UNKNOWN: "does not know the AE title it is called by",
    Trouble.DENIED: "does not let us in",
    Trouble.BUSY: "is too busy",
}
"""What is said of a destination that is called again, where it is known better than that it does not answer."""
TOLD_ELSEWHERE = ("disk", "space", "model", "upkeep", "deliveries")
"""Facts that have a sentence of their own among the problems."""


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """Which node it is, and where it keeps what it has."""

    version: str
    ae_title: str
    listens_at: str
    data_dir: str
    database: str


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of the spool.

    ``state`` is ok, low (less than ``warn_bytes`` are free) or full (less than ``reserve_bytes``); it is left again
    when a quarter more is free.
    """

    free_bytes: int
    total_bytes: int
    reserve_bytes: int
    warn_bytes: int
    state: str


@dataclass(frozen=True, slots=True)
class JobState:
    """A job of upkeep, and whether it went well lately."""

    job: Job = field(metadata=FLAT)
    ok: bool


@dataclass(frozen=True, slots=True)
class DestinationHealth:
    """What the outbox and whoever delivers know of a destination; the fields of `Reach` and `DestinationState`."""

    destination: str
    answers: bool | None
    since: float | None
    tries: int
    last_try_at: float | None
    next_try_seconds: float | None
    unanswered_error: str
    waiting: int
    dead: int
    held: int
    waiting_seconds: float | None
    last_delivered_at: float | None
    last_error: str
    ok: bool
    scheduled: int = 0
    echo_answers: bool | None = None
    echoed_at: float | None = None
    echo: str = ""
    trouble: str = ""
    next_try_at: float | None = None

    @classmethod
    def of(cls, state: DestinationState, reach: Reach | None, echoed: Echoed | None, now: float) -> "DestinationHealth":
        """Put them together."""
        reach = reach or Reach(state.destination, None)
        return cls(
            destination=state.destination,
            answers=reach.answers,
            since=reach.since,
            tries=reach.tries,
            last_try_at=reach.last_try_at,
            next_try_seconds=reach.next_try_seconds,
            unanswered_error=reach.error,
            waiting=state.waiting,
            dead=state.dead,
            held=state.held,
            waiting_seconds=state.waiting_seconds,
            last_delivered_at=state.last_delivered_at,
            last_error=state.last_error,
            ok=not state.dead and not state.last_error and reach.answers is not False,
            scheduled=state.scheduled,
            echo_answers=None if echoed is None else echoed.answers,
            echoed_at=None if echoed is None else echoed.at,
            echo="" if echoed is None else echoed.words,
            trouble=reach.trouble,
            next_try_at=_next_try_at(state, reach, now),
        )


@dataclass(frozen=True, slots=True)
class SystemState:
    """Everything; ``problems`` says in a sentence each what a person should look at."""

    at: float
    node: NodeIdentity
    ready: bool
    facts: tuple[Fact, ...]
    disk: Disk
    intake: Intake | None
    worker: Worker | None
    upkeep: tuple[JobState, ...]
    queues: Counts
    destinations: tuple[DestinationHealth, ...]
    problems: tuple[str, ...]
    processes: tuple[Process, ...] = ()


def system_state(
    settings: Settings,
    worklist: Worklist,
    spool: Spool,
    ready: Callable[[], Sequence[Fact]],
    machinery: Machinery | None,
) -> SystemState:
    """Return how the node is; without machinery there is no node, only its data."""
    now = worklist.audit_trail.clock()
    jobs = machinery.jobs() if machinery is not None else ()
    intake = machinery.intake() if machinery is not None and machinery.intake is not None else None
    worker = machinery.worker() if machinery is not None else None
    reaches = {one.destination: one for one in machinery.reaches()} if machinery is not None else {}
    echoes = {one.destination: one for one in machinery.echoes()} if machinery is not None else {}
    facts, disk, cluster = tuple(ready()), _disk(spool), processes(worklist)
    upkeep = tuple(JobState(job, job.is_well(now)) for job in jobs)
    destinations = tuple(
        DestinationHealth.of(
            one, reaches.get(one.destination, Reach(one.destination, None)), echoes.get(one.destination), now
        )
        for one in worklist.outbox_state.destinations(tuple(str(one) for one in settings.destinations))
    )
    return SystemState(
        at=now,
        node=_node(settings, worklist),
        ready=all(fact.ok for fact in facts if fact.is_needed),
        facts=facts,
        disk=disk,
        intake=intake,
        worker=worker,
        upkeep=upkeep,
        queues=worklist.study_lists.counts(),
        destinations=destinations,
        problems=(
            *_problems_of_parts(disk, worker, facts, upkeep),
            *problems_of_processes(cluster),
            *(problem for one in destinations for problem in _problems_of_destination(one)),
        ),
        processes=cluster,
    )


def destination_named(settings: Settings, name: str) -> Destination | None:
    """Return the destination of that name, None when it is none of the settings: no other address is ever called."""
    return next((one for one in settings.destinations if str(one) == name), None)


def _next_try_at(state: DestinationState, reach: Reach, now: float) -> float | None:
    """Return when the next report that waits is tried: when it is due, and the pause of its destination over."""
    if state.next_attempt_at is None:
        return None
    return max(state.next_attempt_at, now + (reach.next_try_seconds or 0.0))


def _problems_of_parts(
    disk: Disk, worker: Worker | None, facts: Sequence[Fact], upkeep: Sequence[JobState]
) -> Iterator[str]:
    if disk.state != "ok":
        yield f"The disk is {disk.state}."
    if worker is not None and not worker.ready:
        yield "The worker is not ready: " + (worker.error or "it has not loaded the model yet.")
    for fact in facts:
        if not fact.ok and fact.name == "database":
            yield "The database is missing."
        elif not fact.ok and fact.name not in TOLD_ELSEWHERE:
            yield f"The {fact.name} wants a look: {fact.message}."
    for one in upkeep:
        if not one.ok:
            yield f"{one.job.name} is failing."
        elif one.job.wants_look:
            yield f"{one.job.name[:1].upper()}{one.job.name[1:]}: {one.job.outcome}"


def _problems_of_destination(one: DestinationHealth) -> Iterator[str]:
    if one.dead:
        yield f"{one.dead} reports for {one.destination} were given up."
    if one.answers is False:
        yield f"{one.destination} {PROBLEMS.get(one.trouble, 'does not answer')}; it is called again."
    elif not one.dead and not one.ok:
        yield f"{one.destination} did not take the last report; it is tried again."


def _node(settings: Settings, worklist: Worklist) -> NodeIdentity:
    return NodeIdentity(
        version=__version__,
        ae_title=settings.ae_title.strip(),
        listens_at=f"{settings.dicom_host}, port {' and '.join(settings.dicom_ports)}",
        data_dir=str(settings.data_dir),
        database=worklist.database.url.get_backend_name(),
    )


def _disk(spool: Spool) -> Disk:
    space = spool.space()
    return Disk(space.free, space.total, space.reserve, space.warn, space.level)
