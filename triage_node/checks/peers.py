"""The systems that the node calls."""

from collections.abc import Callable, Iterator

from triage_node.checks.diagnosis import way_out
from triage_node.checks.result import Result, failed, ok
from triage_node.config import Settings
from triage_node.delivery import check_destination
from triage_node.endpoints import Endpoint
from triage_node.errors import TriageError
from triage_node.query_retrieve import source_of
from triage_node.user_agent import Caller
from triage_node.workitems import UpsServer


def check_peers(settings: Settings, caller: Caller) -> Iterator[Result]:
    """Try the way to each; nothing of a study is sent."""
    if not settings.destinations:
        yield ok("destinations", "none is set; reports are kept and not sent")
    for one in settings.destinations:
        yield _tried("destination", one, lambda one=one: check_destination(one, caller), caller)  # type: ignore[misc]
    for source in settings.sources:
        yield _tried("source", source, source_of(source, caller).check, caller)
    for server in settings.workitem_servers:
        yield _tried("workitems", server, UpsServer(server, caller).check, caller)


def _tried(kind: str, endpoint: Endpoint, attempt: Callable[[], str], caller: Caller) -> Result:
    name = f"{kind} {endpoint}"
    try:
        return ok(name, attempt())
    except TriageError as error:
        return failed(name, f"{error} {way_out(endpoint, error, caller)}".strip())
