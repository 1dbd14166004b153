"""What runs by the clock: the scheduler and its jobs."""

from triage_node.maintenance.certificates import Certificates, certificate_files
from triage_node.maintenance.clock_watch import ClockWatch
from triage_node.maintenance.daily import Daily
from triage_node.maintenance.daily_statistics import DailyStatistics
from triage_node.maintenance.database_backup import DatabaseBackup
from triage_node.maintenance.disk import DiskWatch
from triage_node.maintenance.echo import Echo, Echoed
from triage_node.maintenance.job import Done
from triage_node.maintenance.scheduler import Scheduler

__all__ = [
    "Certificates",
    "ClockWatch",
    "Daily",
    "DailyStatistics",
    "DatabaseBackup",
    "DiskWatch",
    "Done",
    "Echo",
    "Echoed",
    "Scheduler",
    "certificate_files",
]
