"""A manager of workitems, and what the node has to do with it."""

from collections.abc import Callable, Iterator

import pytest
from ct import head_ct
from ups_manager import UpsManager

from triage_node.endpoints.workitem_servers import WorkitemServer
from triage_node.ingest import Indexer, Ingest
from triage_node.storage import Spool, Watermarks
from triage_node.user_agent import Caller
from triage_node.workitems import InputStudies, Performer, Performing, Prioritizer, UpsServer

CALLER = Caller("TRIAGE", 2.0, 2.0)


class Steady:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="session")
def images():
    return head_ct(slices=3, size=(16, 16))


@pytest.fixture
def manager() -> Iterator[UpsManager]:
    manager = UpsManager()
    yield manager
    manager.stop()


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def ingest(tmp_path, make_settings, worklist) -> Iterator[Ingest]:
    spool = Spool(tmp_path / "data" / "spool", Watermarks.of(make_settings()))
    indexer = Indexer(spool, worklist)
    indexer.start()
    yield Ingest(spool, worklist, indexer, 1 << 20)
    indexer.stop()


@pytest.fixture
def performer(worklist, manager, ingest, clock, steady) -> Callable[..., Performer]:
    """Make a performer, another one each time: what it knows is in the database."""
    servers = []

    def make(*, sources=(), destinations=(), **options) -> Performer:
        chosen = {"station": "TRIAGE", "url": manager.url, "name": "ris"} | options
        settings = WorkitemServer(performs=True, **chosen)
        servers.append(UpsServer(settings, CALLER))
        named = {one.name: one for one in destinations}
        how = Performing("TRIAGE", settings.poll_seconds, settings.wait_minutes * 60, named, settings)
        inputs = InputStudies(sources, CALLER, worklist, ingest)
        return Performer(servers[-1], how, worklist, inputs, clock, steady)

    yield make
    for one in servers:
        one.rest()


@pytest.fixture
def prioritizer(worklist, manager, clock, steady) -> Callable[..., Prioritizer]:
    servers = []

    def make(**options) -> Prioritizer:
        settings = WorkitemServer(url=manager.url, name="ris", priorities=True, **options)
        servers.append(UpsServer(settings, CALLER))
        return Prioritizer(settings, servers[-1], worklist, "TRIAGE", clock, steady)

    yield make
    for one in servers:
        one.rest()
