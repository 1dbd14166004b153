"""Daily jobs of a running node, whose clock is set and which is killed and started again."""

import httpx2
import pytest
from clocks import SettableClock, need_libfaketime
from nodes import RunningNode

from triage_node.backup import BackupFolder, verify_backup

DAY = 86_400
DAILY = {"database backup", "database care", "daily statistics", "drift"}


@pytest.fixture
def clock(tmp_path):
    need_libfaketime()
    return SettableClock(tmp_path / "clock")


def jobs(node, token):
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=node.web_address, timeout=60, headers=headers) as program:
        return {job["name"]: job for job in program.get("/api/system").json()["upkeep"]}


@pytest.mark.timeout(600)
def test_each_day_has_one_backup_however_the_clock_is_set_and_the_node_restarted(start, clock, tmp_path, wait_for):
    folder = BackupFolder(tmp_path / "backups")
    # From midnight on, so that the day that comes has its time at once.
    at = {"backup_at": "00:00", "statistics_at": "00:00", "database_window": "00:00-23:59"}
    node = start(RunningNode, "node", environment=clock.environment, backup_dir=str(folder.path), echo_seconds=0, **at)
    token = node.command("token", "add", "watch").stdout.strip()
    found = jobs(node, token)
    assert all(found[name]["ran_at"] is None and found[name]["next_at"] for name in DAILY)
    clock.set(DAY)
    wait_for(lambda: all(jobs(node, token)[name]["ran_at"] for name in DAILY), "the jobs of the next day", 120)
    found = jobs(node, token)
    assert [found[name]["error"] for name in sorted(DAILY)] == [""] * 4
    assert "is whole: 0 studies" in found["database backup"]["outcome"]
    [kept] = folder.all()
    assert verify_backup(kept.path).rows["job_run"] > 0

    node.kill()
    node.start()
    found = jobs(node, token)
    assert "is whole: 0 studies" in found["database backup"]["outcome"], "the last run is known after a restart"
    clock.set(0)
    wait_for(lambda: node.worklist.study_details.events("clock_set"), "the clock to be noticed")
    clock.set(2 * DAY)
    wait_for(lambda: len(folder.all()) == 2, "the backup of the day after", 120)
    assert [one.path for one in folder.all()][1] == kept.path
