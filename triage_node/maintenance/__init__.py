"""What runs by the clock: schedule, disk watermark, health."""

from triage_node.maintenance.daily import Daily
from triage_node.maintenance.disk import DiskWatch
from triage_node.maintenance.health import check_all
from triage_node.maintenance.job import Done
from triage_node.maintenance.scheduler import Scheduler

__all__ = [
    "Daily",
    "DiskWatch",
    "Done",
    "Scheduler",
    "check_all",
]
