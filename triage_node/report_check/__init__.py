"""Structured Reports of any origin against the tables of PS3.16 and PS3.3; it knows nothing of how ours are written."""

from triage_node.report_check.check import Checked, check_file, check_report
from triage_node.report_check.complaint import Complaint, Kind, Severity

__all__ = ["Checked", "Complaint", "Kind", "Severity", "check_file", "check_report"]
