"""What every test may use: a seed that is printed, settings in a folder of its own, waiting without sleeping."""

import gc
import os
import random
import shutil
import time
import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from triage_node.config import Settings, read_settings
from triage_node.worklist import Worklist

BROWSER_TESTS = "tests/acceptance/browser/"
TRAIN_TESTS = "tests/unit/train/"
PATIENCE_SECONDS = 60.0


class FilesTogether(LoadScopeScheduling):
    """Give the tests of a file, which share what takes long to make, to one worker.

    So are the browser tests, which share a node, and those of the training, which share an atlas, unless slow ones are
    among them: these would keep one worker busy long after the others.
    """

    def _split_scope(self, nodeid: str) -> str:
        together = (BROWSER_TESTS, TRAIN_TESTS) if "not slow" in self.config.option.markexpr else (BROWSER_TESTS,)
        return next((folder for folder in together if nodeid.startswith(folder)), nodeid.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether:
    """Marks of groups were not heeded by pytest-xdist 3.8 under pytest 9.2."""
    config.option.loadscopereorder = False
    return FilesTogether(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from the modules and tests: they stay, and each full collection took a second."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Collect after each file what it left, and look no more at what stays; what was not closed is told there."""
    yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests: a long one at the end would leave the other workers idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A random seed; it is printed when the test fails, and TRIAGE_TEST_SEED repeats it."""
    value = int(os.environ.get("TRIAGE_TEST_SEED", random.randrange(2**31)))
    print(f"seed of {request.node.name}: {value}")
    return value


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with short timers and a data folder of the test's own."""

    def make(**options: Any) -> Settings:
        defaults: dict[str, Any] = {
            "dicom_port": 0,
            "web_port": 0,
            "data_dir": tmp_path / "data",
            "series_quiet_seconds": 0.5,
            "study_quiet_seconds": 1.0,
            "study_maximum_seconds": 30.0,
            "connect_timeout_seconds": 3.0,
            "prior_study_days": 0,
            "disk_reserve_mb": 1,
            "disk_warn_mb": 0,
            "disk_warn_percent": 0,
        }
        return read_settings(**(defaults | options))

    return make


def _leave_checkout(monkeypatch: pytest.MonkeyPatch, folders: pytest.TempPathFactory) -> None:
    """Keep a triage-node.toml of the checkout, and TRIAGE_* of the shell, out of the tests."""
    for name in list(os.environ):
        if name.startswith("TRIAGE_") and name not in {
            "TRIAGE_REQUIRE_PEERS",
            "TRIAGE_SHARED_DATA",
            "TRIAGE_TEST_POSTGRESQL",
            "TRIAGE_TEST_SEED",
        }:
            monkeypatch.delenv(name)
    monkeypatch.chdir(folders.mktemp("cwd"))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A worklist without studies in SQLite; a copy of it spares a test all migrations."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _leave_checkout(monkeypatch, tmp_path_factory)
        settings = read_settings(data_dir=tmp_path_factory.mktemp("migrated"))
    worklist = Worklist(settings, time.time)
    worklist.prepare()
    worklist.close()
    return settings.data_dir / "worklist.sqlite"


@pytest.fixture
def make_worklist(migrated: Path) -> Callable[..., Worklist]:
    """Open a worklist in the settings' database, its tables made."""

    def make(settings: Settings, clock: Callable[[], float], steady: Callable[[], float] | None = None) -> Worklist:
        if settings.database_url is None:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            shutil.copy(migrated, settings.data_dir / "worklist.sqlite")
        worklist = Worklist(settings, clock, steady)
        worklist.prepare()
        return worklist

    return make


@pytest.fixture(autouse=True)
def _own_working_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    _leave_checkout(monkeypatch, tmp_path_factory)


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wait_for() -> Callable[..., Any]:
    """Wait until something is true and return it; the time limit fails the test with what was awaited.

    A machine that is busy with other tests is no failure, so a limit is never shorter than `PATIENCE_SECONDS`.
    """

    def wait(condition: Callable[[], Any], what: str, timeout_seconds: float = PATIENCE_SECONDS) -> Any:
        timeout_seconds = max(timeout_seconds, PATIENCE_SECONDS)
        end = time.monotonic() + timeout_seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        pytest.fail(f"{what} did not happen in {timeout_seconds} s")

    return wait


@pytest.fixture(scope="module")
def collect_sockets() -> Iterator[None]:
    """Collect what pynetdicom leaves behind: as a sender it drops the socket of a failed connection without closing.

    Otherwise the warning of a garbage collection would fail some later test.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def shared_data() -> Iterator[Path]:
    """Real head CTs for checks; they are not part of the project."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TRIAGE_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"the real head CTs are not at {folder}")
    yield folder
