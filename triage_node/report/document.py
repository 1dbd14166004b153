"""A report as a DICOM object: Comprehensive 3D SR (PS3.3 A.35.13)."""

from importlib import import_module

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import Comprehensive3DSRStorage, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from triage_node.report import codes, header
from triage_node.report.character_set import choose_character_set, declared_character_set
from triage_node.report.content import ReportContent, VisualExplanation
from triage_node.report.equipment import describe_equipment
from triage_node.report.evidence import (
    ReferencedInstance,
    evidence_of,
    hierarchical_references,
    instance_of,
    sop_reference,
    write_evidence,
)
from triage_node.report.identity import content_uid, instance_uid, picture_series_uid, picture_uid
from triage_node.report.moment import in_zone_of, stamp
from triage_node.report.order import issuer, procedure_codes, requests
from triage_node.report.uids import hashed_uid, set_uid
from triage_node.report.wording import series_description

SERIES_NUMBER = 9601
WRITTEN_IN_THE_CHARACTER_SET = frozenset({"PN", "LO", "SH", "UC", "UT"})
"""Of the VRs that PS3.5 6.1.2.3 lists those that are carried over from a source."""


def preload() -> None:
    """Import what `build_report` needs, so that the first report of a process does not wait for it."""
    import_module("triage_node.report.tree")


def build_report(content: ReportContent) -> Dataset:
    """Return the report as a Comprehensive 3D SR in Explicit VR Little Endian, complete with file meta.

    The same content gives the same bytes, whatever the order of its sources.
    """
    from triage_node.report.tree import content_tree

    source = _study_alone(content.source) if content.several_patients else content.source
    report = Dataset()
    set_uid(report, "StudyInstanceUID", instance_of(source).study_instance_uid or _unnamed_study(content))
    _copy_patient_and_study(report, source)
    _copy_order(report, source)
    _declare_character_set(report, source)
    _describe_series(report, content)
    describe_equipment(report, content)
    _describe_document(report, content)
    report.update(content_tree(content, report.StudyInstanceUID))
    _name(report, content)
    stamp(report, in_zone_of(source, content.created_at))
    report.file_meta = file_meta(report)
    return report


def file_meta(report: Dataset) -> FileMetaDataset:
    """Return the file meta information of a report (PS3.10 7.1)."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = report.SOPClassUID
    meta.MediaStorageSOPInstanceUID = report.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta


def _unnamed_study(content: ReportContent) -> str:
    return hashed_uid("study", *sorted(each.sop_instance_uid for each in content.instances))


def _study_alone(source: Dataset) -> Dataset:
    """Return what is true of the study whoever the patient is: a report about two must not be filed under one."""
    alone = Dataset()
    for keyword in ("StudyInstanceUID", "StudyDate", "StudyTime", "TimezoneOffsetFromUTC"):
        if keyword in source:
            alone[keyword] = source[keyword]
    return alone


def _copy_patient_and_study(report: Dataset, source: Dataset) -> None:
    """Patient, General Study and Patient Study modules (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2)."""
    report.PatientName = header.person_name(source, "PatientName")
    report.PatientID = header.identifier(source, "PatientID", 64)
    report.PatientBirthDate = header.date(source, "PatientBirthDate")
    report.PatientSex = header.sex(source, "PatientSex")
    report.StudyDate = header.date(source, "StudyDate")
    report.StudyTime = header.time(source, "StudyTime")
    report.StudyID = header.identifier(source, "StudyID", 16)
    report.AccessionNumber = header.identifier(source, "AccessionNumber", 16)
    report.ReferringPhysicianName = header.person_name(source, "ReferringPhysicianName")
    optional = {
        "IssuerOfPatientID": header.identifier(source, "IssuerOfPatientID", 64) if report.PatientID else "",
        "IssuerOfPatientIDQualifiersSequence": (
            issuer(source, "IssuerOfPatientIDQualifiersSequence") if report.PatientID else []
        ),
        "IssuerOfAccessionNumberSequence": (
            issuer(source, "IssuerOfAccessionNumberSequence") if report.AccessionNumber else []
        ),
        "StudyDescription": header.description(source, "StudyDescription"),
        "PatientAge": header.age(source, "PatientAge"),
        "TimezoneOffsetFromUTC": header.offset(source, "TimezoneOffsetFromUTC"),
    }
    for keyword, value in optional.items():
        if value:
            setattr(report, keyword, value)


def _copy_order(report: Dataset, source: Dataset) -> None:
    """What was ordered and performed (PS3.3 C.7.2.1 and C.17.2); the report is about all of it."""
    performed = procedure_codes(source)
    if performed:
        report.ProcedureCodeSequence = performed
    report.PerformedProcedureCodeSequence = procedure_codes(source)
    requested = requests(source, report)
    if requested:
        report.ReferencedRequestSequence = requested


def _declare_character_set(report: Dataset, source: Dataset) -> None:
    texts = [str(element.value) for element in report.iterall() if element.VR in WRITTEN_IN_THE_CHARACTER_SET]
    terms = choose_character_set(declared_character_set(source), texts)
    if terms:
        report.SpecificCharacterSet = terms if len(terms) > 1 else terms[0]


def _describe_series(report: Dataset, content: ReportContent) -> None:
    """SR Document Series module (PS3.3 C.17.1); the description is what moves a worklist."""
    report.Modality = "SR"
    report.SeriesNumber = SERIES_NUMBER
    report.SeriesDescription = series_description(content)
    report.ReferencedPerformedProcedureStepSequence = []


def _describe_document(report: Dataset, content: ReportContent) -> None:
    """SR Document General and SOP Common modules (PS3.3 C.17.2, C.12.1).

    COMPLETE means that every label has its answer; a study that was not analyzed gives a PARTIAL document that says so.
    """
    report.SOPClassUID = Comprehensive3DSRStorage
    report.InstanceNumber = 1
    report.CompletionFlag = "PARTIAL" if content.prediction is None else "COMPLETE"
    report.VerificationFlag = "UNVERIFIED"
    report.PreliminaryFlag = "PRELIMINARY"
    report.CodingSchemeIdentificationSequence = [private_scheme(), *_schemes_of_site(content)]
    if content.predecessor is not None:
        report.PredecessorDocumentsSequence = hierarchical_references([instance_of(content.predecessor)])


def _name(report: Dataset, content: ReportContent) -> None:
    """Give the report its evidence and its UIDs: what is written decides them, and the times come after."""
    instances = (*content.instances, *content.received)
    said = content_uid(report, evidence_of(instances, report.StudyInstanceUID))
    if content.explanation is None:
        report.SeriesInstanceUID = said
    else:
        picture = _refer_to_picture(report, content.explanation, said)
        instances = (*instances, picture)
        report.SeriesInstanceUID = hashed_uid(said, picture.sop_instance_uid)
    write_evidence(report, evidence_of(instances, report.StudyInstanceUID))
    report.SOPInstanceUID = instance_uid(report.SeriesInstanceUID, Comprehensive3DSRStorage)


def _refer_to_picture(report: Dataset, explanation: VisualExplanation, said: str) -> ReferencedInstance:
    """Name the picture in the tree, and return what names it."""
    from triage_node.report.group import refer_to_picture

    uid = picture_uid(said, explanation.pixels, explanation.sources)
    refer_to_picture(report, explanation.label, sop_reference(SecondaryCaptureImageStorage, uid))
    return ReferencedInstance(str(report.StudyInstanceUID), picture_series_uid(uid), uid, SecondaryCaptureImageStorage)


def private_scheme() -> Dataset:
    """Return the item that explains our own coding scheme (PS3.3 C.12.1)."""
    item = Dataset()
    item.CodingSchemeDesignator = codes.PRIVATE_SCHEME
    item.CodingSchemeName = codes.PRIVATE_SCHEME_NAME
    return item


def _schemes_of_site(content: ReportContent) -> list[Dataset]:
    """Return the items that say whose the private schemes are that a site's codes of findings come from."""
    codes_of_findings = [code for one in content.finding_codes.values() for code in (one.finding, one.site) if code]
    items = []
    for scheme in sorted({code.scheme for code in codes_of_findings if code.scheme.startswith("99")}):
        item = Dataset()
        item.CodingSchemeDesignator, item.CodingSchemeName = scheme, "Concepts of the site"
        items.append(item)
    return items
