"""What runs by the clock: schedule, disk watermark, health."""

from triage_node.maintenance.clock_watch import ClockWatch
from triage_node.maintenance.disk import DiskWatch
from triage_node.maintenance.health import check_all
from triage_node.maintenance.scheduler import Scheduler

__all__ = [
    "ClockWatch",
    "DiskWatch",
    "Scheduler",
    "check_all",
]
