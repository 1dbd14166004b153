"""How the node is now: disk, worker, upkeep, queues, destinations. No patient data."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from triage_node import __version__
from triage_node.config import Destination, Settings
from triage_node.web.parts import Parts

MACHINERY = "machinery"
"""Where `Parts.more` holds the `Machinery`."""

MISSED_RUNS = 10
SHORTEST_SILENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Worker:
    """The inference process, as the node's side sees it."""

    pid: int | None
    ready: bool
    device: str
    model: str
    version: str
    error: str


@dataclass(frozen=True)
class Job:
    """What upkeep does by the clock, and how it went last."""

    name: str
    every_seconds: float
    ran_at: float | None
    error: str

    def is_well(self, now: float) -> bool:
        """Tell whether it ran lately, and without an error; before its first run nobody knows, so it is well."""
        longest = max(MISSED_RUNS * self.every_seconds, SHORTEST_SILENCE_SECONDS)
        return not self.error and (self.ran_at is None or now - self.ran_at <= longest)


@dataclass(frozen=True)
class Machinery:
    """What of the node the pages can only ask it itself."""

    worker: Callable[[], Worker]
    jobs: Callable[[], Sequence[Job]]


def system_state(parts: Parts) -> dict[str, Any]:
    """Return everything as plain values, ready for JSON."""
    machinery, now = parts.more.get(MACHINERY), parts.worklist.audit_trail.clock()
    jobs = machinery.jobs() if machinery is not None else ()
    return {
        "at": now,
        "node": _node(parts),
        "facts": [asdict(fact) for fact in parts.ready()],
        "disk": _disk(parts),
        "worker": asdict(machinery.worker()) if machinery is not None else None,
        "upkeep": [asdict(job) | {"ok": job.is_well(now)} for job in jobs],
        "queues": parts.worklist.queries.counts(),
        "destinations": [asdict(one) | {"ok": not one.dead and not one.last_error} for one in _destinations(parts)],
    }


def destination_named(settings: Settings, name: str) -> Destination | None:
    """Return the destination of that name, None when it is none of the settings: no other address is ever called."""
    return next((one for one in settings.destinations if str(one) == name), None)


def _node(parts: Parts) -> dict[str, Any]:
    settings = parts.settings
    return {
        "version": __version__,
        "ae_title": settings.ae_title.strip(),
        "listens_at": f"{settings.dicom_host}:{settings.dicom_port}",
        "data_dir": str(settings.data_dir),
        "database": parts.worklist.database.url.get_backend_name(),
    }


def _disk(parts: Parts) -> dict[str, Any]:
    space, reserve = parts.spool.space(), parts.spool.reserve_bytes
    state = "full" if space.free < reserve else "low" if space.free < 2 * reserve else "ok"
    return {"free_bytes": space.free, "total_bytes": space.total, "reserve_bytes": reserve, "state": state}


def _destinations(parts: Parts) -> list[Any]:
    return parts.worklist.outbox_state.destinations(tuple(str(one) for one in parts.settings.destinations))
