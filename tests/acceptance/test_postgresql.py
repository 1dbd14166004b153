"""The worklist on PostgreSQL: the same tests, another database."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import free_port, need

UNIT = Path(__file__).parents[1] / "unit"
ROOMS = ("database", "identity", "retention", "search", "statistics", "workitems", "worklist")


def newest(program: str) -> str:
    """A program of the newest server; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(found[-1]) if found else need(program)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder beside pytest's own, which only root may enter."""
    with tempfile.TemporaryDirectory(prefix="triage-postgresql-") as name:
        yield Path(name)


@pytest.fixture
def server(folder) -> Iterator[str]:
    """A server of the test's own on loopback; it refuses to run as root."""
    initdb, pg_ctl = newest("initdb"), newest("pg_ctl")
    port = free_port()
    prefix: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def run(program: str, *arguments: object) -> None:
        command = [*prefix, program, "-D", folder / "data", *arguments]
        result = subprocess.run([str(part) for part in command], cwd=folder, stdout=log, stderr=log)
        assert result.returncode == 0, (folder / "log").read_text()

    with (folder / "log").open("w") as log:
        run(initdb, "-A", "trust", "-U", "triage")
        run(pg_ctl, "-o", f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off", "-w", "start")
        yield f"postgresql+psycopg://triage@127.0.0.1:{port}/postgres"
        run(pg_ctl, "-m", "fast", "stop")


@pytest.mark.timeout(900)
def test_the_worklists_tests_pass_on_postgresql(server):
    pytest.importorskip("psycopg")
    command = [Path(sys.executable).with_name("pytest"), "-q", "-p", "no:cacheprovider", "-k", "not sqlite"]
    command += [UNIT / room for room in ROOMS]
    command.append(UNIT / "web" / "test_odd_characters.py")
    environment = os.environ | {"TRIAGE_TEST_POSTGRESQL": server}
    result = subprocess.run(command, cwd=UNIT.parents[1], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-3000:]
