"""A report as a PDF for archives that take no other document: Encapsulated PDF (PS3.3 A.45.1)."""

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from triage_node.report.forms.source_names import SourceNames
from triage_node.report.header import text_of
from triage_node.report.objects.derived import begun, named, report_reference
from triage_node.report.variants import report_variants

NO_NAMES = SourceNames()
SERIES_NUMBER = 9605
TITLE = "PDF"
MEDIA_TYPE = "application/pdf"


def build_pdf(report: Dataset, names: SourceNames = NO_NAMES) -> Dataset:
    """Return the readable form of a report as an Encapsulated PDF, complete with file meta.

    Parameters
    ----------
    report
        Any variant of it.
    names
        What people call the images.
    """
    from triage_node.report.forms.pdf import pdf_document

    document = begun(report, EncapsulatedPDFStorage, "DOC", SERIES_NUMBER, TITLE)
    document.ConversionType = "WSD"
    document.AcquisitionDateTime = ""
    # Its first lines name the patient and the study.
    document.BurnedInAnnotation = "YES"
    document.SourceInstanceSequence = [report_reference(report)]
    document.DocumentTitle = text_of(report, "SeriesDescription")
    document.ConceptNameCodeSequence = report.ConceptNameCodeSequence
    document.VerificationFlag = "UNVERIFIED"
    document.MIMETypeOfEncapsulatedDocument = MEDIA_TYPE
    named(document, report, TITLE)
    # It names the object it was made of, which shall be the same whichever variant is at hand.
    _fill(document, pdf_document(report_variants(report)[0], names))
    return document


def _fill(document: Dataset, content: bytes) -> None:
    """Encapsulated Document module (PS3.3 C.24.2): the length is the one before padding."""
    document.EncapsulatedDocumentLength = len(content)
    document.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
