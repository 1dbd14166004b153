"""A notice as an unsolicited observation message, ORU^R01 (HL7 v2.5, chapter 7)."""

from collections.abc import Iterator
from datetime import datetime

from triage_node.delivery.notices.hl7_text import components, digits, escaped, person_name, segment
from triage_node.delivery.notices.notice import DISCLAIMER, NOT_ANALYZED, Notice, Patient
from triage_node.delivery.notices.text import DECISIONS, headline
from triage_node.endpoints import Destination
from triage_node.findings import LABELS, Decision, FindingCode, Label

CHARACTER_SET = "UNICODE UTF-8"  # table 0211
CONTROL_ID_DIGITS = 20  # MSH-10 is ST of at most 20 characters
PRELIMINARY = "P"  # tables 0085 and 0123
NO_RESULT = "X"  # table 0085: no results can be obtained
ABNORMAL_FLAGS = {Decision.FLAGGED: "AA", Decision.UNCERTAIN: "A"}
"""Table 0078: very abnormal, abnormal. What is not flagged has no flag: N would say that it is normal."""
PRIORITIES = {Decision.FLAGGED: "S", Decision.UNCERTAIN: "A"}
"""Table 0485: stat, as soon as possible. What is not flagged has none, so that nothing sinks."""
STUDY_INSTANCE_UID = components("110180", "Study Instance UID", "DCM")
CERTAINTY = components("111012", "Certainty of Finding", "DCM")
SUMMARY = components("121111", "Summary", "DCM")
PERCENT = components("%", "Percent", "UCUM")
SUSPECTED = components("415684004", "Suspected", "SCT")
UNDETERMINED = components("373068000", "Undetermined", "SCT")
NOT_FLAGGED = components("NOTFLAGGED", DECISIONS[Decision.NOT_FLAGGED], "99TRIAGE")
"""No code of a terminology: all those near it would say *absent*."""
PRESENCES = {Decision.FLAGGED: SUSPECTED, Decision.UNCERTAIN: UNDETERMINED, Decision.NOT_FLAGGED: NOT_FLAGGED}
UNKNOWN_SEX = "U"  # table 0001


def control_id(notice: Notice) -> str:
    """Return the Message Control ID (MSH-10), by which an acknowledgment names the message."""
    return notice.id[:CONTROL_ID_DIGITS].upper()


def observation_message(notice: Notice, destination: Destination) -> bytes:
    """Return the message in UTF-8, the same bytes whenever the notice is told."""
    patient = notice.patient or Patient()
    segments = [
        _header(notice, destination),
        _patient(patient),
        _order(patient),
        _request(notice, patient, destination),
        segment("NTE", {1: "1", 3: escaped(f"{headline(notice)}. {DISCLAIMER}", 1000)}),
    ]
    if "TQ1-9" in destination.priority_fields and _priority(notice):
        segments.append(segment("TQ1", {1: "1", 9: _priority(notice)}))
    return "".join([*segments, *_observations(notice)]).encode("utf-8", "replace")


def _header(notice: Notice, destination: Destination) -> str:
    return segment(
        "MSH",
        {
            3: escaped(destination.sending_application or notice.node),
            4: escaped(destination.sending_facility),
            5: escaped(destination.receiving_application),
            6: escaped(destination.receiving_facility),
            7: _time(notice.created_at),
            9: components("ORU", "R01", "ORU_R01"),
            10: control_id(notice),
            11: destination.processing_id,
            12: destination.hl7_version,
            18: CHARACTER_SET,
        },
    )


def _patient(patient: Patient) -> str:
    return segment(
        "PID",
        {
            1: "1",
            3: components(patient.identifier, "", "", patient.issuer, "MR" if patient.identifier else ""),
            5: person_name(patient.name),
            7: digits(patient.birth_date),
            8: patient.sex if patient.sex in ("M", "F", "O") else UNKNOWN_SEX,
        },
    )


def _order(patient: Patient) -> str:
    return segment("ORC", {1: "RE", 2: escaped(patient.placer_order_number), 3: escaped(patient.accession_number)})


def _request(notice: Notice, patient: Patient, destination: Destination) -> str:
    priority = _priority(notice)
    fields = {
        1: "1",
        2: escaped(patient.placer_order_number),
        3: escaped(patient.accession_number),
        4: components(*destination.procedure_code.split("^")),
        7: digits(notice.study_time),
        22: _time(notice.created_at),
        24: "CT",
        25: PRELIMINARY,
    }
    if "OBR-5" in destination.priority_fields:
        fields[5] = priority
    if "OBR-27" in destination.priority_fields and priority:
        fields[27] = components("", "", "", "", "", priority)
    return segment("OBR", fields)


def _observations(notice: Notice) -> Iterator[str]:
    """Yield OBX: for each label its presence and its score, then what belongs to all."""
    number = 0
    for label in LABELS if notice.decision != NOT_ANALYZED else ():
        decision = _decision(notice, label)
        presence = {
            2: "CE",
            3: _finding(notice.finding_codes[label]),
            5: PRESENCES[decision],
            8: ABNORMAL_FLAGS.get(decision, ""),
        }
        score = {2: "NM", 3: CERTAINTY, 5: f"{notice.probabilities[label] * 100:.1f}", 6: PERCENT}
        for fields in (presence, score):
            number += 1
            yield _observation(notice, number, {4: label, **fields})
    words = [headline(notice), *notice.reasons, f"Model {notice.model}", notice.link]
    summary = {2: "TX", 3: SUMMARY, 5: "~".join(escaped(text, 1000) for text in words if text)}
    for fields in (summary, {2: "ST", 3: STUDY_INSTANCE_UID, 5: escaped(notice.study_instance_uid)}):
        number += 1
        yield _observation(notice, number, fields)


def _observation(notice: Notice, number: int, fields: dict[int, str]) -> str:
    status = NO_RESULT if notice.decision == NOT_ANALYZED and fields[2] == "TX" else PRELIMINARY
    return segment("OBX", {1: str(number), 11: status, 14: _time(notice.created_at), **fields})


def _decision(notice: Notice, label: Label) -> Decision:
    if label in notice.flagged:
        return Decision.FLAGGED
    return Decision.UNCERTAIN if label in notice.uncertain else Decision.NOT_FLAGGED


def _finding(code: FindingCode) -> str:
    """Return the code of a finding; one that has to be post-coordinated says its site in words."""
    finding, site = code.finding, code.site
    meaning = finding.meaning if site is None else f"{finding.meaning}, {site.meaning}"
    return components(finding.value, meaning, finding.scheme)


def _priority(notice: Notice) -> str:
    if notice.flagged:
        return PRIORITIES[Decision.FLAGGED]
    return PRIORITIES[Decision.UNCERTAIN] if notice.uncertain else ""


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y%m%d%H%M%S%z")
