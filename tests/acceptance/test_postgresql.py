"""The worklist on PostgreSQL: the same tests, another database."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql import PostgreSQL

UNIT = Path(__file__).parents[1] / "unit"
ROOMS = (
    "database", "identity", "node", "retention", "search", "statistics", "workitems", "worklist",
)  # fmt: skip


@pytest.fixture
def server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="triage-postgresql-") as name:
        postgresql = PostgreSQL(Path(name))
        yield postgresql.url
        postgresql.stop()


@pytest.mark.timeout(900)
def test_the_worklists_tests_pass_on_postgresql(server):
    pytest.importorskip("psycopg")
    command = [Path(sys.executable).with_name("pytest"), "-q", "-p", "no:cacheprovider", "-k", "not sqlite"]
    command += [UNIT / room for room in ROOMS]
    command.append(UNIT / "web" / "test_odd_characters.py")
    environment = os.environ | {"TRIAGE_TEST_POSTGRESQL": server}
    result = subprocess.run(command, cwd=UNIT.parents[1], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-3000:]
