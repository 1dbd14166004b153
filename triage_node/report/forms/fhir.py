"""A readable report as FHIR R4: a bundle of a DiagnosticReport, its Observations and what they are about.

The answers are as in the Structured Report: a label that is not flagged has words and no code, never *absent*. The
bundle is a collection: what a server stores of it, and under which patient, is the site's to decide.
"""

import html
import json
from collections.abc import Iterator

from triage_node.findings import FINDING_CODES, Label
from triage_node.report import codes
from triage_node.report.forms.answer_codes import CodeRead
from triage_node.report.forms.fhir_context import device, imaging_study, patient
from triage_node.report.forms.fhir_values import (
    EXTENSION,
    SYSTEMS,
    TERMINOLOGY,
    Resource,
    coding,
    concept,
    dicom_identifier,
    instant,
    present,
    urn,
    when,
)
from triage_node.report.forms.percentages import MOST_DIGITS
from triage_node.report.forms.readable_report import Answer, ReadableReport
from triage_node.report.forms.sheet import visible
from triage_node.report.wording import FINDING_WORDS

# By R4 a preliminary report was verified, which ours never was; a preliminary observation may be unverified.
REPORT_STATUS, OBSERVATION_STATUS = "partial", "preliminary"
ANY = CodeRead.of(FINDING_CODES[Label.ANY].finding)
IMAGING = {"coding": [coding(f"{TERMINOLOGY}/observation-category", "imaging", "Imaging")]}
RADIOLOGY = {"coding": [coding(SYSTEMS["LN"], "LP29684-5", "Radiology")]}
IMAGING_STUDY_REPORT = {"coding": [coding(SYSTEMS["LN"], "18748-4", "Diagnostic imaging study")]}
NOT_PERFORMED = coding(f"{TERMINOLOGY}/data-absent-reason", "not-performed", "Not Performed")


def as_fhir(read: ReadableReport) -> str:
    """Return the bundle as JSON; the same report gives the same bundle."""
    return json.dumps(bundle(read), ensure_ascii=False, indent=1) + "\n"


def bundle(read: ReadableReport) -> Resource:
    """Return the bundle, the report first."""
    uid = read.report.sop_instance_uid
    resources = {
        "report": _report(read),
        **{f"observation {part}": observation for part, observation in _observations(read)},
        "patient": patient(read),
        "device": device(read),
        "study": imaging_study(read, _urn(read, "patient")),
    }
    entries = [{"fullUrl": urn(uid, part), "resource": resource} for part, resource in resources.items()]
    head = {"resourceType": "Bundle", "identifier": dicom_identifier(uid), "type": "collection"}
    return present(head | {"timestamp": instant(read.report.created_at), "entry": entries})


def _urn(read: ReadableReport, part: str) -> str:
    return urn(read.report.sop_instance_uid, part)


def _report(read: ReadableReport) -> Resource:
    results = [{"reference": _urn(read, f"observation {part}")} for part, _ in _observations(read)]
    sentence = visible(read.sentence)
    return {
        "resourceType": "DiagnosticReport",
        "text": {"status": "generated", "div": _narrative(sentence)},
        "extension": [_replaces(replaced) for replaced in read.report.replaces],
        "identifier": [dicom_identifier(read.report.sop_instance_uid)],
        "status": REPORT_STATUS,
        "category": [RADIOLOGY],
        "code": IMAGING_STUDY_REPORT,
        "subject": {"reference": _urn(read, "patient")},
        "effectiveDateTime": _effective(read),
        "issued": instant(read.report.created_at),
        "result": results,
        "imagingStudy": [{"reference": _urn(read, "study")}],
        "conclusion": sentence,
    }


def _narrative(sentence: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{html.escape(sentence)}</p></div>'


def _replaces(sop_instance_uid: str) -> Resource:
    reference = {"type": "DiagnosticReport", "identifier": dicom_identifier(sop_instance_uid)}
    return {"url": f"{EXTENSION}/diagnosticReport-replaces", "valueReference": reference}


def _effective(read: ReadableReport) -> str:
    return when(read.study.date, read.study.time, read.study.offset)


def _observations(read: ReadableReport) -> Iterator[tuple[str, Resource]]:
    """Yield what is said of each label; of a study that was not analyzed, that nothing is, and why."""
    for answer in read.answers:
        yield answer.label, _common(read) | _answer(answer)
    if not read.answers:
        reasons = "; ".join(f"{reason.code}: {reason.message}" for reason in read.reasons)
        absent = {"coding": [NOT_PERFORMED], "text": visible(reasons or read.sentence)}
        yield "any", _common(read) | {"code": concept(ANY), "dataAbsentReason": absent}


def _common(read: ReadableReport) -> Resource:
    return {
        "resourceType": "Observation",
        "status": OBSERVATION_STATUS,
        "category": [IMAGING],
        "subject": {"reference": _urn(read, "patient")},
        "effectiveDateTime": _effective(read),
        "issued": instant(read.report.created_at),
        "device": {"reference": _urn(read, "device")},
        "derivedFrom": [{"reference": _urn(read, "study")}],
    }


def _answer(answer: Answer) -> Resource:
    said = answer.codes
    value = concept(said.presence if said else None, answer.text)
    unknown = {"coding": [coding(f"{TERMINOLOGY}/data-absent-reason", "unknown", "Unknown")], "text": answer.text}
    return {
        "code": concept(said.finding if said else None, FINDING_WORDS[answer.label]),
        "bodySite": concept(said.site) if said and said.site else None,
        "valueCodeableConcept": value if answer.decision else None,
        "dataAbsentReason": None if answer.decision else unknown,
        "component": [*_components(answer)],
    }


def _components(answer: Answer) -> Iterator[Resource]:
    if answer.probability is not None:
        yield {"code": concept(CodeRead.of(codes.CERTAINTY)), "valueQuantity": _percent(answer.probability)}
    if answer.calibration is not None:
        limits = {
            codes.UNCERTAIN_THRESHOLD: answer.calibration.uncertain,
            codes.FLAG_THRESHOLD: answer.calibration.flag,
        }
        for code, share in limits.items():
            yield {"code": concept(CodeRead.of(code)), "valueQuantity": _percent(share)}
    if answer.best_slice is not None:
        frame = f" frame {answer.best_slice.frame_number}" if answer.best_slice.frame_number else ""
        shown = f"{dicom_identifier(answer.best_slice.sop_instance_uid).get('value', '')}{frame}"
        yield {"code": concept(CodeRead.of(codes.BEST_ILLUSTRATION)), "valueString": shown}


def _percent(share: float) -> Resource:
    return {"value": round(100 * share, MOST_DIGITS), "unit": "%", "system": SYSTEMS["UCUM"], "code": "%"}
