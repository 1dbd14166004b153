"""What `triage-node check` tries: the mistakes that people make, each with its way out."""

from triage_node.checks.result import Level, Result
from triage_node.checks.sequence import check_all

__all__ = [
    "Level",
    "Result",
    "check_all",
]
