"""The DICOM objects of a result that a destination may be sent."""

from enum import StrEnum


class ObjectKind(StrEnum):
    """Each as settings name it; the report is always made."""

    REPORT = "report"
    SUMMARY = "summary"
    KEY_OBJECTS = "key_objects"
    PDF = "pdf"

    @property
    def words(self) -> str:
        """What people are told of it."""
        return WORDS[self]


WORDS = {
    ObjectKind.REPORT: "report",
    ObjectKind.SUMMARY: "summary",
    ObjectKind.KEY_OBJECTS: "key objects",
    ObjectKind.PDF: "PDF",
}
