"""Which instances a report was made from."""

from pydicom import Dataset


def evidence_of(report: Dataset) -> set[str]:
    """Return the SOP Instance UIDs that a report was made from (PS3.3 C.17.2.3)."""
    return {
        str(instance.ReferencedSOPInstanceUID)
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }
