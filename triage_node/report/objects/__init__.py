"""DICOM objects that go with a report: they say what it says, for those who read no Structured Report."""

from triage_node.report.objects.encapsulated_pdf import build_pdf
from triage_node.report.objects.key_objects import build_key_objects
from triage_node.report.objects.summary_capture import build_summary

__all__ = ["build_key_objects", "build_pdf", "build_summary"]
