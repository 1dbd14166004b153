"""From a prediction to a DICOM Structured Report and to words; pure functions."""

from triage_node.report.connection_test import build_connection_test
from triage_node.report.content import BestSlice, ReportContent, VisualExplanation
from triage_node.report.document import build_report, preload
from triage_node.report.evidence import ReferencedInstance, referenced, replaced_instance
from triage_node.report.forms.form import FILE_KINDS, Form, written
from triage_node.report.forms.html import content_policy
from triage_node.report.forms.pdf import pdf_document
from triage_node.report.forms.readable_report import ReadableReport
from triage_node.report.forms.reading import readable, shown_instances
from triage_node.report.forms.source_names import SourceNames
from triage_node.report.picture import build_picture
from triage_node.report.rendering import as_html, as_text
from triage_node.report.summary import LabelSummary, Summary, summarize
from triage_node.report.variants import report_variants
from triage_node.report.wording import MANUFACTURER

__all__ = [
    "FILE_KINDS",
    "MANUFACTURER",
    "BestSlice",
    "Form",
    "LabelSummary",
    "ReadableReport",
    "ReferencedInstance",
    "ReportContent",
    "SourceNames",
    "Summary",
    "VisualExplanation",
    "as_html",
    "as_text",
    "build_connection_test",
    "build_picture",
    "build_report",
    "content_policy",
    "pdf_document",
    "preload",
    "readable",
    "referenced",
    "replaced_instance",
    "report_variants",
    "shown_instances",
    "summarize",
    "written",
]
