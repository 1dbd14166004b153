"""The processes that work on the database, where it is on a server."""

from collections.abc import Iterator

from triage_node.checks.result import Result, ok, warning
from triage_node.config import Settings
from triage_node.errors import TriageError
from triage_node.worklist import RunningNode, Worklist

NAME = "processes"


def check_nodes(settings: Settings) -> Iterator[Result]:
    """Say which there are; nothing where one process has the database, or it cannot be read, which is said already."""
    if settings.database_url is None:
        return
    try:
        worklist = Worklist(settings)
    except TriageError:
        return
    try:
        nodes, now = worklist.leases.nodes(), worklist.clock()
    except TriageError:
        return
    finally:
        worklist.close()
    living = [one for one in nodes if one.is_alive(now)]
    if len({one.version for one in living}) > 1:
        yield warning(NAME, f"They are of several versions; let all have the same. {_words(living, now)}")
    elif nodes:
        yield ok(NAME, f"{len(living)} at work. {_words(nodes, now)}")


def _words(nodes: list[RunningNode], now: float) -> str:
    return " ".join(f"{_one(node, now)}." for node in nodes)


def _one(node: RunningNode, now: float) -> str:
    duties = f", has the duty {' and '.join(node.duties)}" if node.duties else ""
    work = f", {node.analyzing} studies and {node.sending} deliveries in hand" if node.analyzing + node.sending else ""
    seen = f"seen {max(0.0, now - node.seen_at):.0f} s ago{'' if node.is_alive(now) else ', so it has ended'}"
    return f"{node.name} ({', '.join(node.roles)}; version {node.version}{duties}{work}; {seen})"
