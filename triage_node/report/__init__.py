"""From a prediction to a DICOM Structured Report and to words; pure functions."""

from triage_node.report.connection_test import build_connection_test
from triage_node.report.content import BestSlice, ReportContent, VisualExplanation
from triage_node.report.document import build_report, preload
from triage_node.report.evidence import ReferencedInstance, referenced, replaced_instance
from triage_node.report.forms.form import FILE_KINDS, Form, written
from triage_node.report.forms.html import content_policy
from triage_node.report.forms.pdf import pdf_document
from triage_node.report.forms.percentages import percentages
from triage_node.report.forms.readable_report import ReadableReport
from triage_node.report.forms.reading import readable, shown_instances
from triage_node.report.forms.source_names import SourceNames
from triage_node.report.measurement_style import as_measurement_report
from triage_node.report.objects import build_key_objects, build_pdf, build_summary
from triage_node.report.objects.shown_slice import ShownSlice, shown_slices
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
    "ShownSlice",
    "SourceNames",
    "Summary",
    "VisualExplanation",
    "as_html",
    "as_measurement_report",
    "as_text",
    "build_connection_test",
    "build_key_objects",
    "build_pdf",
    "build_picture",
    "build_report",
    "build_summary",
    "content_policy",
    "pdf_document",
    "percentages",
    "preload",
    "readable",
    "referenced",
    "replaced_instance",
    "report_variants",
    "shown_instances",
    "shown_slices",
    "summarize",
    "written",
]
