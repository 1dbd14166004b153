"""The attributes a search matches and returns, each with its column (PS3.18 Tables 10.6.1-5 and 10.6.3-3 to -5)."""

from dataclasses import dataclass
from enum import Enum, IntEnum, auto


class Level(IntEnum):
    """Of what a search finds some."""

    STUDY = 0
    SERIES = 1
    INSTANCE = 2


class Kind(Enum):
    """How values are compared (PS3.4 C.2.2.2)."""

    UID = auto()
    DATE = auto()
    TIME = auto()
    TEXT = auto()
    NAME = auto()
    NUMBER = auto()
    NONE = auto()
    """Returned, never matched."""


@dataclass(frozen=True)
class Attribute:
    """An attribute of a level.

    Attributes
    ----------
    keyword
        As in PS3.6; one inside of a sequence has its sequence's keyword and a dot before it.
    column
        Of the level's table; "" when it is counted from lower levels.
    is_extra
        Returned only to whom asks for it, by a key or as a field to include.
    """

    keyword: str
    level: Level
    column: str
    kind: Kind = Kind.TEXT
    is_extra: bool = False


ATTRIBUTES = (
    Attribute("StudyInstanceUID", Level.STUDY, "study_instance_uid", Kind.UID),
    Attribute("StudyDate", Level.STUDY, "study_date", Kind.DATE),
    Attribute("StudyTime", Level.STUDY, "study_time", Kind.TIME),
    Attribute("AccessionNumber", Level.STUDY, "accession_number"),
    Attribute("ModalitiesInStudy", Level.STUDY, ""),
    Attribute("ReferringPhysicianName", Level.STUDY, "referring_physician_name", Kind.NAME),
    Attribute("TimezoneOffsetFromUTC", Level.STUDY, "timezone_offset", Kind.NONE),
    Attribute("PatientName", Level.STUDY, "patient_name", Kind.NAME),
    Attribute("PatientID", Level.STUDY, "patient_id"),
    Attribute("PatientBirthDate", Level.STUDY, "patient_birth_date", Kind.DATE),
    Attribute("PatientSex", Level.STUDY, "patient_sex"),
    Attribute("StudyID", Level.STUDY, "study_identifier"),
    Attribute("StudyDescription", Level.STUDY, "study_description", is_extra=True),
    Attribute("NumberOfStudyRelatedSeries", Level.STUDY, "", Kind.NONE),
    Attribute("NumberOfStudyRelatedInstances", Level.STUDY, "", Kind.NONE),
    Attribute("SeriesInstanceUID", Level.SERIES, "series_instance_uid", Kind.UID),
    Attribute("Modality", Level.SERIES, "modality"),
    Attribute("SeriesNumber", Level.SERIES, "series_number", Kind.NUMBER),
    Attribute("SeriesDescription", Level.SERIES, "series_description"),
    Attribute("PerformedProcedureStepStartDate", Level.SERIES, "performed_date", Kind.DATE),
    Attribute("PerformedProcedureStepStartTime", Level.SERIES, "performed_time", Kind.TIME),
    Attribute("RequestAttributesSequence.ScheduledProcedureStepID", Level.SERIES, "scheduled_procedure_step_id"),
    Attribute("RequestAttributesSequence.RequestedProcedureID", Level.SERIES, "requested_procedure_id"),
    Attribute("NumberOfSeriesRelatedInstances", Level.SERIES, "instance_count", Kind.NONE),
    Attribute("SOPInstanceUID", Level.INSTANCE, "sop_instance_uid", Kind.UID),
    Attribute("SOPClassUID", Level.INSTANCE, "sop_class_uid", Kind.UID),
    Attribute("InstanceNumber", Level.INSTANCE, "instance_number", Kind.NUMBER),
    Attribute("Rows", Level.INSTANCE, "rows", Kind.NUMBER),
    Attribute("Columns", Level.INSTANCE, "columns", Kind.NUMBER),
    Attribute("BitsAllocated", Level.INSTANCE, "bits_allocated", Kind.NUMBER),
    Attribute("NumberOfFrames", Level.INSTANCE, "number_of_frames", Kind.NUMBER),
    Attribute("AvailableTransferSyntaxUID", Level.INSTANCE, "transfer_syntax_uid", Kind.UID, is_extra=True),
)
BY_KEYWORD = {attribute.keyword: attribute for attribute in ATTRIBUTES}
