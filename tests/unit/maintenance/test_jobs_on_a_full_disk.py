"""Jobs on a disk that is full: they say so, do no harm, and go on when there is room."""

from datetime import time
from types import SimpleNamespace

import pytest
from certificates import Authority
from small_disk import SmallDisk

from triage_node.database import care_for, damage_of
from triage_node.endpoints import Destination
from triage_node.errors import PeerUnreachable
from triage_node.maintenance import Certificates, Daily, DailyStatistics, DatabaseBackup, Done, Echo
from triage_node.maintenance.certificates import CertificateFile
from triage_node.maintenance.job import Job
from triage_node.maintenance.planned_job import PlannedJob
from triage_node.worklist import ReceivedInstance
from triage_node.zone import MachineZone

DAY = 86_400
PACS = Destination.parse("PACS@127.0.0.1:9")


@pytest.fixture
def disk(tmp_path):
    try:
        disk = SmallDisk(tmp_path / "disk", 12_000)
    except PermissionError as error:
        pytest.skip(str(error))
    yield disk
    disk.unmount()


@pytest.fixture
def parts(disk, make_settings, make_worklist, clock, tmp_path):
    """The jobs of a node whose data folder lies on that disk."""
    settings = make_settings(data_dir=disk.folder / "data", disk_reserve_mb=0)
    worklist = make_worklist(settings, clock)
    instance = ReceivedInstance("1.2", "1.2.1", "1.2.1.1", "1.2", "1.2.840.10008.1.2.1", 9, clock(), True)
    worklist.registration.register([instance])
    notes, file = worklist.upkeep_notes, Authority(tmp_path / "ca").issue("node", days=-1).certificate

    def silent(_destination):
        raise PeerUnreachable("off")

    clock.now = file.stat().st_mtime
    statistics = DailyStatistics(worklist.statistics, notes.note, MachineZone(), clock)
    work = {
        "backup": DatabaseBackup(settings, worklist.database, bool, clock).run,
        "care": lambda: Done(care_for(worklist.database, bool)),
        "statistics": statistics.sum_up,
        "drift": lambda: statistics.drift("large"),
        "echo": Echo(lambda: [PACS], silent, lambda _name: False, notes.note, bool, clock).run,
        "certificates": Certificates(lambda: [CertificateFile(file, "certificate")], notes.note_once, clock).run,
    }
    jobs = {}
    for name, one in work.items():
        daily = Daily(time(1, 30), MachineZone()) if name in ("backup", "care", "statistics", "drift") else None
        jobs[name] = PlannedJob(Job(name, DAY), one, daily, worklist.job_runs, clock, clock)
        jobs[name].take_up({})
    yield SimpleNamespace(**locals())
    worklist.close()


def events(worklist, *codes):
    return [event.code for code in codes for event in worklist.study_details.events(code)]


def test_they_say_so_do_no_harm_and_go_on(parts, disk, clock):
    clock.forward(DAY)
    disk.fill()
    for job in parts.jobs.values():
        job.run()
    states = {name: job.state() for name, job in parts.jobs.items()}
    assert states["echo"].outcome.startswith("0 of 1 answer"), "what needs no disk is done"
    assert "ended on" in states["certificates"].outcome
    assert all(states[name].error for name in ("backup", "statistics")), states
    assert damage_of(parts.worklist.database.file) == ""
    backups = parts.settings.data_dir / "backups"
    assert not [path for path in backups.glob("*") if path.name != ".lock"]

    disk.free()
    clock.forward(2 * 3600)
    for job in parts.jobs.values():
        job.run()
    assert {name: job.state().error for name, job in parts.jobs.items()} == dict.fromkeys(parts.jobs, "")
    assert len(list(backups.glob("triage-backup-*"))) == 1
    told = events(parts.worklist, "destination_silent", "certificate_ends", "daily_statistics")
    assert sorted(told) == ["certificate_ends", "daily_statistics", "destination_silent"], "each is told once"
    assert set(parts.worklist.job_runs.all(shared=True)) == {"backup", "care", "statistics", "drift"}
    assert parts.worklist.study_details.study("1.2").revision == 1
