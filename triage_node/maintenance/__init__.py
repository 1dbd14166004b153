"""What runs by the clock: schedule, disk watermark."""

from triage_node.maintenance.disk import DiskWatch
from triage_node.maintenance.scheduler import Scheduler

__all__ = [
    "DiskWatch",
    "Scheduler",
]
