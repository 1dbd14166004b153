"""Retention: what is deleted by state and age, and when the disk is short; and whether rows and files agree."""

from triage_node.retention.pace import Pace
from triage_node.retention.plan import Plan, Step, plan_of
from triage_node.retention.policy import RetentionPolicy
from triage_node.retention.reconciliation import Reconciled, Reconciliation
from triage_node.retention.retention import Retention
from triage_node.retention.tally import Tally
from triage_node.retention.trusted_clock import TrustedClock

__all__ = [
    "Pace",
    "Plan",
    "Reconciled",
    "Reconciliation",
    "Retention",
    "RetentionPolicy",
    "Step",
    "Tally",
    "TrustedClock",
    "plan_of",
]
