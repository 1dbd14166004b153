"""A readable report from a Structured Report."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, tzinfo

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage

from triage_node.errors import InvalidInstance
from triage_node.findings import LABELS
from triage_node.report import codes, header
from triage_node.report.content import BestSlice
from triage_node.report.content_items import coded, descendants, named, same_code, sequence
from triage_node.report.forms.answer_codes import answer_codes
from triage_node.report.forms.name_groups import NameGroups
from triage_node.report.forms.readable_report import (
    Answer,
    BestSliceRead,
    NodeFacts,
    PatientFacts,
    ReadableReport,
    ReasonRead,
    ReportFacts,
    SeriesRead,
    StudyFacts,
)
from triage_node.report.forms.source_names import SeriesName, SourceNames
from triage_node.report.header import text_of
from triage_node.report.summary import EVIDENCE, Summary, summarize
from triage_node.report.wording import DISCLAIMER
from triage_node.zone import fixed

SILENT = "the report does not say"
NO_NAMES = SourceNames()
CT_CLASSES = {CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage}


def readable(report: Dataset, names: SourceNames = NO_NAMES, revision: int | None = None) -> ReadableReport:
    """Read a report of this node, of any SOP class.

    Parameters
    ----------
    names
        What people call the images it refers to.
    revision
        Which revision of the study it is about, where that is known better than from the report.

    Raises
    ------
    InvalidInstance
        It is no report of a triage node, or says nothing that can be told on; half an answer would mislead.
    """
    summary = summarize(report)
    if not summary.sentence or (summary.decision is None and not _was_not_analyzed(report)):
        raise InvalidInstance("It is no report of a triage node, or holds no answer that this version understands.")
    return ReadableReport(
        patient=_patient(report),
        study=_study(report),
        decision=summary.decision,
        sentence=summary.sentence,
        disclaimer=DISCLAIMER,
        reasons=tuple(_reason(text) for text in summary.reasons),
        answers=tuple(_answers(report, summary, names)) if summary.decision else (),
        series_analyzed=summary.series_analyzed,
        series_not_analyzed=summary.series_not_analyzed,
        series=tuple(_series(report, summary, names)),
        picture=summary.picture,
        model=summary.model,
        parameters=summary.parameters,
        node=_node(report),
        report=_report(report, summary, summary.revision if revision is None else revision),
    )


def shown_instances(report: Dataset) -> tuple[str, ...]:
    """Return SOP Instance UIDs of the images to look names up in: the best slices, and the first of each series."""
    best = [each.best_slice.sop_instance_uid for each in summarize(report).labels if each.best_slice]
    firsts = [sequence(series, "ReferencedSOPSequence")[:1] for series in _referenced_series(report)]
    uids = [text_of(instance, "ReferencedSOPInstanceUID") for first in firsts for instance in first]
    return tuple(dict.fromkeys((*best, *uids)))


def _was_not_analyzed(report: Dataset) -> bool:
    statuses = (coded(item, "ConceptCodeSequence") for item in named(descendants(report), codes.STATUS))
    return any(same_code(status, codes.NOT_SUCCEEDED) for status in statuses)


def _patient(report: Dataset) -> PatientFacts:
    return PatientFacts(
        name=NameGroups.of(report, "PatientName"),
        patient_id=text_of(report, "PatientID"),
        issuer_of_patient_id=text_of(report, "IssuerOfPatientID"),
        birth_date=_date(report, "PatientBirthDate"),
        sex=header.sex(report, "PatientSex"),
    )


def _study(report: Dataset) -> StudyFacts:
    return StudyFacts(
        study_instance_uid=text_of(report, "StudyInstanceUID"),
        study_id=text_of(report, "StudyID"),
        date=_date(report, "StudyDate"),
        time=_time(report, "StudyTime"),
        offset=header.offset(report, "TimezoneOffsetFromUTC"),
        description=text_of(report, "StudyDescription"),
        accession_number=text_of(report, "AccessionNumber"),
        referring_physician_name=NameGroups.of(report, "ReferringPhysicianName"),
    )


def _node(report: Dataset) -> NodeFacts:
    return NodeFacts(
        station_name=text_of(report, "StationName"),
        manufacturer=text_of(report, "Manufacturer"),
        software_version=text_of(report, "SoftwareVersions"),
        device_uid=text_of(report, "DeviceSerialNumber"),
    )


def _report(report: Dataset, summary: Summary, revision: int | None) -> ReportFacts:
    return ReportFacts(
        sop_instance_uid=summary.sop_instance_uid,
        sop_class_uid=summary.sop_class_uid,
        series_instance_uid=text_of(report, "SeriesInstanceUID"),
        series_description=summary.series_description,
        created_at=_moment(report),
        revision=revision,
        completion=text_of(report, "CompletionFlag"),
        verification=text_of(report, "VerificationFlag"),
        preliminary=text_of(report, "PreliminaryFlag"),
        replaces=summary.replaces,
    )


def _reason(text: str) -> ReasonRead:
    code, _, message = text.partition(": ")
    return ReasonRead(code, message)


def _answers(report: Dataset, summary: Summary, names: SourceNames) -> Iterator[Answer]:
    coded_answers, series_of = answer_codes(report), dict(_evidence(report))
    for label in LABELS:
        found = summary.of(label)
        if found is None:
            yield Answer(label, None, None, None, SILENT, None, None)
            continue
        best = _best_slice(found.best_slice, names, series_of) if found.best_slice else None
        text = found.text if found.decision else SILENT
        said = coded_answers.get(label)
        yield Answer(label, found.decision, found.probability, found.calibration, text, best, said)


def _best_slice(found: BestSlice, names: SourceNames, series_of: Mapping[str, str]) -> BestSliceRead:
    uid = found.sop_instance_uid
    number = names.instance_numbers.get(uid)
    return BestSliceRead(series_of.get(uid, ""), uid, found.sop_class_uid, number, found.frame_number)


def _series(report: Dataset, summary: Summary, names: SourceNames) -> Iterator[SeriesRead]:
    for series in _referenced_series(report):
        instances = sequence(series, "ReferencedSOPSequence")
        uid = text_of(series, "SeriesInstanceUID")
        if uid not in summary.source_counts:
            continue  # the node's own picture
        is_ct = {text_of(one, "ReferencedSOPClassUID") for one in instances} <= CT_CLASSES
        name = names.series.get(uid, SeriesName())
        yield SeriesRead(uid, name.number, name.description, "CT" if is_ct else "", len(instances))


def _evidence(report: Dataset) -> Iterator[tuple[str, str]]:
    """Yield each instance the report names as evidence, with its series."""
    for series in _referenced_series(report):
        for instance in sequence(series, "ReferencedSOPSequence"):
            yield text_of(instance, "ReferencedSOPInstanceUID"), text_of(series, "SeriesInstanceUID")


def _referenced_series(report: Dataset) -> Iterator[Dataset]:
    for study in (item for keyword in EVIDENCE for item in sequence(report, keyword)):
        yield from sequence(study, "ReferencedSeriesSequence")


def _date(ds: Dataset, keyword: str) -> date | None:
    digits = header.date(ds, keyword)
    return datetime.strptime(digits, "%Y%m%d").date() if digits else None


def _time(ds: Dataset, keyword: str) -> time | None:
    digits = header.time(ds, keyword).partition(".")[0].ljust(6, "0")
    # A leap second, which TM allows, is none of Python's seconds.
    return time(int(digits[:2]), int(digits[2:4]), min(int(digits[4:6]), 59)) if header.time(ds, keyword) else None


def _moment(report: Dataset) -> datetime | None:
    day, clock = _date(report, "ContentDate"), _time(report, "ContentTime")
    offset = header.offset(report, "TimezoneOffsetFromUTC")
    zone: tzinfo | None = fixed(offset) if offset else None
    return datetime.combine(day, clock, zone) if day and clock else None
