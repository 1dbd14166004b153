"""What modalities and archives tell of a study: performed procedure steps and the availability of instances."""

from triage_node.notifications.availability import AvailabilityService
from triage_node.notifications.procedure_step import ProcedureStepService

__all__ = [
    "AvailabilityService",
    "ProcedureStepService",
]
