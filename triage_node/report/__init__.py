"""From a prediction to a DICOM Structured Report and to words; pure functions."""

from triage_node.report.connection_test import build_connection_test
from triage_node.report.content import BestSlice, ReportContent, VisualExplanation
from triage_node.report.document import build_report, preload
from triage_node.report.evidence import ReferencedInstance, referenced, replaced_instance
from triage_node.report.measurement_style import as_measurement_report
from triage_node.report.picture import build_picture
from triage_node.report.plain_text import render
from triage_node.report.rendering import as_html, as_text
from triage_node.report.summary import LabelSummary, Summary, summarize
from triage_node.report.variants import report_variants
from triage_node.report.wording import MANUFACTURER

__all__ = [
    "MANUFACTURER",
    "BestSlice",
    "LabelSummary",
    "ReferencedInstance",
    "ReportContent",
    "Summary",
    "VisualExplanation",
    "as_html",
    "as_measurement_report",
    "as_text",
    "build_connection_test",
    "build_picture",
    "build_report",
    "preload",
    "referenced",
    "render",
    "replaced_instance",
    "report_variants",
    "summarize",
]
