"""What a FHIR report is about and made by: Patient, Device and ImagingStudy (R4)."""

from collections.abc import Iterable

from triage_node.report.forms.fhir_values import (
    EXTENSION,
    SYSTEMS,
    TERMINOLOGY,
    Resource,
    coding,
    dicom_identifier,
    when,
)
from triage_node.report.forms.name_groups import NameGroups, parts
from triage_node.report.forms.readable_report import ReadableReport, SeriesRead
from triage_node.report.forms.sheet import visible
from triage_node.report.uids import is_valid_uid

GENDERS = {"M": "male", "F": "female", "O": "other"}
URI = "urn:ietf:rfc:3986"


def patient(read: ReadableReport) -> Resource:
    """Return the patient as the study names them; nothing is guessed where it says nothing."""
    facts = read.patient
    return {
        "resourceType": "Patient",
        "identifier": [
            {
                "type": {"coding": [coding(f"{TERMINOLOGY}/v2-0203", "MR", "Medical record number")]},
                "value": visible(facts.patient_id),
                "assigner": {"display": visible(facts.issuer_of_patient_id)},
            }
            for _ in filter(None, [facts.patient_id])
        ],
        "name": _names(facts.name),
        "gender": GENDERS.get(facts.sex),
        "birthDate": facts.birth_date.isoformat() if facts.birth_date else None,
    }


def device(read: ReadableReport) -> Resource:
    """Return the node with the model it used."""
    node, model = read.node, read.model
    versions = {"software": node.software_version, f"model {model.name}".strip(): model.version}
    notes = [f"model manifest SHA-256 {model.sha256}" if model.sha256 else "", *read.parameters]
    return {
        "resourceType": "Device",
        "identifier": [dicom_identifier(node.device_uid)],
        "manufacturer": visible(node.manufacturer),
        "deviceName": [{"name": visible(node.station_name), "type": "user-friendly-name"}] if node.station_name else [],
        "version": [
            {"type": {"text": visible(of)}, "value": visible(version)} for of, version in versions.items() if version
        ],
        "note": [{"text": visible(note)} for note in notes if note],
    }


def imaging_study(read: ReadableReport, patient_urn: str) -> Resource:
    """Return the study with the CT series that the report names and the instances that illustrate its findings."""
    study = read.study
    accession = {
        "type": {"coding": [coding(f"{TERMINOLOGY}/v2-0203", "ACSN", "Accession ID")]},
        "value": visible(study.accession_number),
    }
    return {
        "resourceType": "ImagingStudy",
        "identifier": [dicom_identifier(study.study_instance_uid), *([accession] if study.accession_number else [])],
        "status": "available",
        "modality": [coding(SYSTEMS["DCM"], "CT", "Computed Tomography")],
        "subject": {"reference": patient_urn},
        "started": when(study.date, study.time, study.offset),
        "referrer": {"display": visible(str(study.referring_physician_name))},
        "description": visible(study.description),
        "series": [_series(one, read) for one in read.series if _can_be_named(one)],
    }


def _can_be_named(series: SeriesRead) -> bool:
    """Tell whether R4 can hold a series: its modality must be known, and its UID one (type id)."""
    return series.modality == "CT" and is_valid_uid(series.series_instance_uid)


def _series(series: SeriesRead, read: ReadableReport) -> Resource:
    return {
        "uid": series.series_instance_uid,
        "number": series.series_number,
        "modality": coding(SYSTEMS["DCM"], "CT", "Computed Tomography"),
        "description": visible(series.series_description),
        "numberOfInstances": series.instances,
        "instance": [*_best_slices(series, read)],
    }


def _best_slices(series: SeriesRead, read: ReadableReport) -> Iterable[Resource]:
    best = {answer.best_slice for answer in read.answers if answer.best_slice}
    for one in sorted(best, key=lambda slice_: slice_.sop_instance_uid):
        if one.series_instance_uid == series.series_instance_uid and is_valid_uid(one.sop_instance_uid):
            yield {
                "uid": one.sop_instance_uid,
                "sopClass": coding(URI, f"urn:oid:{one.sop_class_uid}"),
                "number": one.instance_number,
                "title": "Best illustration of finding",
            }


def _names(name: NameGroups) -> list[Resource]:
    groups = {"ABC": name.alphabetic, "IDE": name.ideographic, "SYL": name.phonetic}
    return [_name(representation, group) for representation, group in groups.items() if group]


def _name(representation: str, group: str) -> Resource:
    """Return one writing of a name; which one it is says the extension of ISO 21090, as Japan uses it."""
    family, given, middle, prefix, suffix = map(visible, parts(group))
    return {
        "extension": [{"url": f"{EXTENSION}/iso21090-EN-representation", "valueCode": representation}],
        "text": " ".join(filter(None, (prefix, family, given, middle, suffix))),
        "family": family,
        "given": [one for one in (given, middle) if one],
        "prefix": [prefix] if prefix else [],
        "suffix": [suffix] if suffix else [],
    }
