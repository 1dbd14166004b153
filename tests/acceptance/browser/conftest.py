"""One node with a past for all tests of the pages; each test has a window of its own."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import argon2
import pytest
from browsers import PASSWORD, Screen, chromium
from ct import head_ct, save
from histories import Past, Study, fill, usual
from nodes import RunningNode
from programs import free_port, need

from triage_node.config import Settings
from triage_node.demo.studies import unpack
from triage_node.findings import Decision
from triage_node.identity import Role
from triage_node.identity.accounts import Accounts
from triage_node.identity.lockouts import Lockouts
from triage_node.identity.passwords import Passwords
from triage_node.worklist import Filters, Worklist

HERE = Path(__file__).parent
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker(pytest.mark.slow)
            # The first test waits for the model to be loaded and the studies to be analyzed.
            item.add_marker(pytest.mark.timeout(600))


@dataclass(frozen=True)
class Ward:
    """A node with people, programs and studies.

    ``flagged``, ``plain`` and ``unsuitable`` were sent and analyzed; ``hostile`` has scripts for a name; ``old`` is
    rows only, several pages of them.
    """

    node: RunningNode
    address: str
    destination_port: int
    flagged: str
    plain: str
    unsuitable: str
    hostile: str
    old: tuple[str, ...]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, ended with each file: a running Playwright keeps other tests of its process from using asyncio."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    need("chromium")
    folder = tmp_path_factory.mktemp("ward")
    port = free_port()
    old = _history(folder / "data")
    node = RunningNode(
        folder,
        destinations=[f"STORESCP@127.0.0.1:{port}"],
        retry_give_up_hours=0.0003,
        viewer_url_template="https://viewer.example/ohif?StudyInstanceUIDs={study_instance_uid}",
        web_sign_ins_per_minute=600,
        worker_nice=0,
        connect_timeout_seconds=30.0,
    )
    try:
        _let_in(node.worklist)
        studies = {study.files[0].parent.name: study for study in unpack(folder / "studies")}
        hostile = head_ct(
            slices=12, PatientName=HOSTILE, StudyDescription=HOSTILE, PatientID=HOSTILE, StationName="<b>CT</b>"
        )
        save(hostile, folder / "studies" / "hostile")
        sent = node.command("send", folder / "studies", "--to", f"TRIAGE@127.0.0.1:{node.port}")
        assert sent.returncode == 0, sent.stderr
        uids = [studies[name].study_instance_uid for name in ("hemorrhage", "plain", "not_analyzable")]
        uids.append(str(hostile[0].StudyInstanceUID))
        _wait_for_answers(node, uids)
        yield Ward(node, node.web_address, port, *uids, old)
    finally:
        node.stop()


def _let_in(worklist: Worklist) -> None:
    """Add people with hashes of the least cost; the cost in use is proved where one signs in by hand."""
    cheap = Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    database = worklist.database
    accounts = Accounts(database, time.time, Lockouts(database, time.time), cheap)
    for name, role in (("ray", Role.READER), ("rosa", Role.READER), ("lou", Role.READER), ("ada", Role.ADMINISTRATOR)):
        accounts.add(name, role, PASSWORD)


def _history(data: Path) -> tuple[str, ...]:
    studies = [*usual(54), Study(54, Decision.NOT_FLAGGED, {"urgent": True})]
    past = Past(time.time() - 56 * 110)
    worklist = Worklist(Settings(data_dir=data), past)
    worklist.prepare()
    fill(worklist, past, studies, 108)
    worklist.close()
    return tuple(study.uid for study in studies)


def _wait_for_answers(node: RunningNode, uids: list[str]) -> None:
    end = time.monotonic() + 240
    while time.monotonic() < end:
        if {node.state(uid) for uid in uids} <= {"analyzed", "unsuitable"}:
            return
        time.sleep(0.1)
    pytest.fail("the studies were not analyzed in 240 s")


@pytest.fixture(scope="session")
def cookies() -> dict[str, Any]:
    """What the browser of each person keeps, once they have signed in."""
    return {}


@pytest.fixture
def open_screen(browser: Any, ward: Ward, cookies: dict[str, Any]) -> Iterator[Callable[..., Screen]]:
    """Open windows, signed in unless the name is empty; at the end no page may have complained of anything.

    What a test acknowledged is taken back, also when it failed: the next one finds the studies as this one did.
    """
    screens: list[Screen] = []
    before = _acknowledged(ward.node.worklist)

    def open_screen(name: str = "ray", **options: Any) -> Screen:
        screen = Screen.of(browser, ward.address, storage_state=cookies.get(name), **options)
        screens.append(screen)
        if name and name not in cookies:
            screen.sign_in(name)
            screen.page.wait_for_url("**/worklist")
            cookies[name] = {"cookies": screen.context.cookies(), "origins": []}
        elif name:
            screen.page.goto("/worklist")
        return screen

    yield open_screen
    complaints = list(itertools.chain.from_iterable(screen.complaints for screen in screens))
    for screen in screens:
        screen.context.close()
    for uid in _acknowledged(ward.node.worklist) - before:
        ward.node.worklist.reader_actions.unacknowledge(uid, "test")
    assert not complaints


def _acknowledged(worklist: Worklist) -> set[str]:
    return {study.study_instance_uid for study in worklist.study_lists.every(Filters(acknowledged=True))}


@pytest.fixture
def screen(open_screen: Callable[..., Screen]) -> Screen:
    """A reader's window, at the worklist."""
    return open_screen()
