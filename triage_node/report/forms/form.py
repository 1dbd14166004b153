"""The forms a report is handed out in, by the name that people ask for it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pydicom.dataset import Dataset

from triage_node.report.forms.fhir import as_fhir
from triage_node.report.forms.html import as_html
from triage_node.report.forms.json_form import as_json
from triage_node.report.forms.pdf import as_pdf
from triage_node.report.forms.readable_report import ReadableReport
from triage_node.report.forms.reading import NO_NAMES, readable
from triage_node.report.forms.source_names import SourceNames
from triage_node.report.forms.text import as_text


class Form(StrEnum):
    """A form of a report; ``dicom`` is the Structured Report as it is stored."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    JSON = "json"
    FHIR = "fhir"
    DICOM = "dicom"


@dataclass(frozen=True)
class FileKind:
    """How a form is named as a file and over HTTP; ``is_binary`` when no terminal can show it."""

    media_type: str
    suffix: str
    is_binary: bool = False


FILE_KINDS: dict[Form, FileKind] = {
    Form.TEXT: FileKind("text/plain; charset=utf-8", ".txt"),
    Form.HTML: FileKind("text/html; charset=utf-8", ".html"),
    Form.PDF: FileKind("application/pdf", ".pdf", is_binary=True),
    Form.JSON: FileKind("application/json", ".json"),
    Form.FHIR: FileKind("application/fhir+json", ".fhir.json"),
    Form.DICOM: FileKind("application/dicom", ".dcm", is_binary=True),
}
WRITERS: dict[Form, Callable[[ReadableReport], str]] = {
    Form.TEXT: as_text,
    Form.HTML: as_html,
    Form.JSON: as_json,
    Form.FHIR: as_fhir,
}


def written(form: Form, report: Dataset, names: SourceNames = NO_NAMES, revision: int | None = None) -> bytes:
    """Return a report in a form, text in UTF-8; the file itself, which is its own form, is for who has it.

    Raises
    ------
    InvalidInstance
        It is no report of a triage node; see `readable`.
    """
    read = readable(report, names, revision)
    return as_pdf(read) if form is Form.PDF else WRITERS[form](read).encode("utf-8", "replace")
