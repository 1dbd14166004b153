"""What `triage-node check` tries: the mistakes that people make, each with its way out."""

from triage_node.checks.check_all import check_all
from triage_node.checks.result import Level, Result

__all__ = [
    "Level",
    "Result",
    "check_all",
]
