"""The processes that work on the database, where it is on a server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage_node.worklist import RunningNode, Worklist


@dataclass(frozen=True, slots=True)
class Process:
    """A process, as it noted itself, and what it has in hand; times in seconds since 1970 by the database's clock.

    ``duties`` are those that one process has at a time; one that ends in order is not listed any more, one that was
    killed or cut off is, for an hour, and is not ``alive``.
    """

    name: str
    host: str
    roles: Sequence[str]
    duties: Sequence[str]
    version: str
    started_at: float
    seen_at: float
    seen_seconds: float
    alive: bool
    analyzing: int
    sending: int

    @classmethod
    def of(cls, node: RunningNode, now: float) -> "Process":
        """Return how a process is at a moment."""
        return cls(
            name=node.name,
            host=node.host,
            roles=node.roles,
            duties=node.duties,
            version=node.version,
            started_at=node.started_at,
            seen_at=node.seen_at,
            seen_seconds=max(0.0, now - node.seen_at),
            alive=node.is_alive(now),
            analyzing=node.analyzing,
            sending=node.sending,
        )


def processes(worklist: Worklist) -> tuple[Process, ...]:
    """Return the processes, those that live first; none where one process has the database."""
    now = worklist.clock()
    found = [Process.of(node, now) for node in worklist.leases.nodes()]
    return tuple(sorted(found, key=lambda one: (not one.alive, one.name)))


def problems_of_processes(found: Sequence[Process]) -> Iterator[str]:
    """Yield what a person should see to."""
    versions = sorted({one.version for one in found if one.alive})
    if len(versions) > 1:
        yield f"Processes of versions {' and '.join(versions)} work on one database: let all have the same."
