"""Values as FHIR R4 has them: codes, identifiers, references; what is empty is left out."""

import uuid
from datetime import date, datetime, time
from typing import Any, TypeAlias

from triage_node.report.forms.answer_codes import CodeRead
from triage_node.report.forms.sheet import visible
from triage_node.report.uids import is_valid_uid
from triage_node.zone import fixed

Resource: TypeAlias = dict[str, Any]

SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "LN": "http://loinc.org",
    "UCUM": "http://unitsofmeasure.org",
    "UMLS": "http://terminology.hl7.org/CodeSystem/umls",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "RADLEX": "http://radlex.org",
}
"""Code systems by Coding Scheme Designator (PS3.16 Table 8-1); of another scheme only the meaning is told."""
DICOM_UID = "urn:dicom:uid"
EXTENSION = "http://hl7.org/fhir/StructureDefinition"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


def concept(code: CodeRead | None, text: str = "") -> Resource:
    """Return a CodeableConcept, empty without a code and a text."""
    if code is None:
        return present({"text": visible(text)})
    system = SYSTEMS.get(code.scheme)
    codings = [coding(system, code.value, code.meaning)] if system else []
    return present({"coding": codings, "text": visible(text or code.meaning)})


def coding(system: str, code: str, display: str = "") -> Resource:
    """Return a Coding."""
    return present({"system": system, "code": code, "display": visible(display)})


def dicom_identifier(uid: str) -> Resource:
    """Return a UID as an Identifier (R4, ImagingStudy, notes)."""
    if not uid:
        return {}
    # What systems are seen to send instead of a UID is no OID; it names the instance all the same.
    return {"system": DICOM_UID, "value": f"urn:oid:{uid}" if is_valid_uid(uid) else visible(uid)}


def urn(uid: str, part: str) -> str:
    """Return the address of a resource within its bundle: the same of the same part of the same report."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{uid} {part}')}"


def instant(at: datetime | None) -> str:
    """Return a moment, empty without a time zone, which FHIR demands."""
    return at.isoformat(timespec="seconds") if at and at.tzinfo else ""


def when(day: date | None, at: time | None, offset: str) -> str:
    """Return a dateTime as exactly as it is known: a time only with its offset from UTC, ``&ZZXX``."""
    if day is None:
        return ""
    return instant(datetime.combine(day, at, fixed(offset))) if at and offset else day.isoformat()


def present(value: Any) -> Any:
    """Return a value without what is empty: FHIR has neither empty strings nor empty lists, nor null."""
    if isinstance(value, dict):
        kept = {key: present(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in (None, "", [], {})}
    if isinstance(value, list):
        return [one for one in map(present, value) if one not in (None, "", [], {})]
    return value.strip() if isinstance(value, str) else value
