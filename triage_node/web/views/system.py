"""How the node is now: disk, worker, upkeep, queues, destinations. No patient data."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from triage_node import __version__
from triage_node.config import Settings
from triage_node.destinations import Destination
from triage_node.web.dependencies import Services
from triage_node.web.machinery import Reach

TOLD_ELSEWHERE = ("disk", "model", "upkeep", "deliveries")
"""Facts that have a sentence of their own among the problems."""


def system_state(services: Services) -> dict[str, Any]:
    """Return everything as plain values, ready for JSON."""
    machinery, now = services.machinery, services.worklist.audit_trail.clock()
    jobs = machinery.jobs() if machinery is not None else ()
    intake = machinery.intake() if machinery is not None and machinery.intake is not None else None
    reaches = {one.destination: one for one in machinery.reaches()} if machinery is not None else {}
    facts = [asdict(fact) for fact in services.ready()]
    state: dict[str, Any] = {
        "at": now,
        "node": _node(services),
        "ready": all(fact["ok"] for fact in facts if fact["is_needed"]),
        "facts": facts,
        "disk": _disk(services),
        "intake": asdict(intake) if intake is not None else None,
        "worker": asdict(machinery.worker()) if machinery is not None else None,
        "upkeep": [asdict(job) | {"ok": job.is_well(now)} for job in jobs],
        "queues": services.worklist.study_lists.counts(),
        "destinations": [_destination(one, reaches.get(one.destination)) for one in _destinations(services)],
    }
    return state | {"problems": list(_problems(state))}


def _problems(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person should look at, a sentence each."""
    if state["disk"]["state"] != "ok":
        yield f"The disk is {state['disk']['state']}."
    worker = state["worker"]
    if worker is not None and not worker["ready"]:
        yield "The worker is not ready: " + (worker["error"] or "it has not loaded the model yet.")
    for fact in state["facts"]:
        if not fact["ok"] and fact["name"] == "database":
            yield "The database is missing."
        elif not fact["ok"] and fact["name"] not in TOLD_ELSEWHERE:
            yield f"The {fact['name']} wants a look: {fact['message']}."
    for job in state["upkeep"]:
        if not job["ok"]:
            yield f"{job['name']} is failing."
    for one in state["destinations"]:
        if one["dead"]:
            yield f"{one['dead']} reports for {one['destination']} were given up."
        if one["answers"] is False:
            yield f"{one['destination']} does not answer; it is called again."
        elif not one["dead"] and not one["ok"]:
            yield f"{one['destination']} did not take the last report; it is tried again."


def destination_named(settings: Settings, name: str) -> Destination | None:
    """Return the destination of that name, None when it is none of the settings: no other address is ever called."""
    return next((one for one in settings.destinations if str(one) == name), None)


def _node(services: Services) -> dict[str, Any]:
    settings = services.settings
    return {
        "version": __version__,
        "ae_title": settings.ae_title.strip(),
        "listens_at": f"{settings.dicom_host}:{settings.dicom_port}",
        "data_dir": str(settings.data_dir),
        "database": services.worklist.database.url.get_backend_name(),
    }


def _disk(services: Services) -> dict[str, Any]:
    space, reserve = services.spool.space(), services.spool.reserve_bytes
    state = "full" if space.free < reserve else "low" if space.free < 2 * reserve else "ok"
    return {"free_bytes": space.free, "total_bytes": space.total, "reserve_bytes": reserve, "state": state}


def _destination(state: Any, reach: Reach | None) -> dict[str, Any]:
    """Put together what the outbox and whoever delivers know of a destination."""
    told = asdict(reach or Reach(state.destination, None))
    told["unanswered_error"] = told.pop("error")
    is_ok = not state.dead and not state.last_error and told["answers"] is not False
    return told | asdict(state) | {"ok": is_ok}


def _destinations(services: Services) -> list[Any]:
    return services.worklist.outbox_state.destinations(tuple(str(one) for one in services.settings.destinations))
