"""The processes of one database, as `check` says them."""

import time

import pytest

from triage_node.checks.nodes import check_nodes
from triage_node.checks.result import Level
from triage_node.database import NodeRow


@pytest.fixture
def settings(make_settings, tmp_path):
    return make_settings(database_url=f"sqlite:///{tmp_path / 'shared.sqlite'}")


@pytest.fixture
def worklist(settings, make_worklist):
    return make_worklist(settings, time.time)


def test_one_process_is_nothing_to_tell(settings, worklist):
    assert list(check_nodes(settings)) == []


def test_several_are_told_with_duties_and_when_they_were_seen(settings, worklist):
    worklist.leases.note("TRIAGE@a/1", ["listener", "upkeep"], "1.0")
    worklist.leases.take("upkeep", "TRIAGE@a/1", 15)
    with worklist.database.write() as session:
        row = {"roles": "worker", "version": "1.0", "started_at": 1.0, "seen_at": time.time() - 100}
        session.add(NodeRow(name="TRIAGE@b/2", **row))
    [result] = check_nodes(settings)
    assert result.level is Level.OK
    assert result.message.startswith(
        "1 at work. TRIAGE@a/1 (listener, upkeep; version 1.0, has the duty upkeep; seen 0 s"
    )
    assert "TRIAGE@b/2 (worker; version 1.0; seen 100 s ago, so it has ended)." in result.message


def test_two_versions_are_a_warning(settings, worklist):
    worklist.leases.note("TRIAGE@a/1", ["listener"], "1.0")
    worklist.leases.note("TRIAGE@b/2", ["worker"], "1.1")
    [result] = check_nodes(settings)
    assert (result.level, "several versions" in result.message) == (Level.WARNING, True)


def test_a_database_that_is_not_there_is_told_elsewhere(make_settings, tmp_path):
    settings = make_settings(database_url=f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert list(check_nodes(settings)) == []
