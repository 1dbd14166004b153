"""ORU^R01 messages as hl7apy, which shares no code with the writer, reads them under strict validation."""

import re
from dataclasses import replace

import pytest
from hl7apy.parser import parse_message
from hypothesis import example, given
from hypothesis import strategies as st
from notices import ANN, notice

from triage_node.delivery.notices.hl7 import control_id, observation_message
from triage_node.delivery.notices.hl7_text import escaped, person_name
from triage_node.delivery.notices.notice import NOT_ANALYZED, Patient
from triage_node.endpoints import Destination
from triage_node.findings import FINDING_CODES, LABELS, Code, FindingCode, Label

RIS = {"url": "mllp://h:2575", "patient_data": True}


def message(notice, **options):
    content = observation_message(notice, Destination(**(RIS | options))).decode()
    parsed = parse_message(content, validation_level=1, find_groups=True)
    assert parsed.validate()
    assert re.fullmatch(r"([^\x00-\x1f\x7f]+\r)+", content), "nothing but segments, each ended by CR"
    return parsed, [line.split("|") for line in content.split("\r")[:-1]]


def unescaped(value: str) -> str:
    """Read a value as a receiver does (HL7 v2.5, 2.7), apart from the writer."""
    marks = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}
    return re.sub(
        r"\\(?:([FSTRE])|X((?:[0-9A-F]{2})+))\\",
        lambda one: marks[one[1]] if one[1] else bytes.fromhex(one[2]).decode(),
        value,
    )


@pytest.mark.parametrize("version", ["2.5", "2.5.1"])
def test_a_flagged_study_is_a_valid_message_with_flags_and_priority(version):
    parsed, lines = message(notice(ANN), hl7_version=version, priority_fields=["OBR-5", "OBR-27", "TQ1-9"])
    assert parsed.name == "ORU_R01"
    assert [line[0] for line in lines[:6]] == ["MSH", "PID", "ORC", "OBR", "NTE", "TQ1"]
    assert [line[0] for line in lines[6:]] == ["OBX"] * 14
    head, patient, order, request, note, timing, *observations = lines
    assert (head[8], head[9], head[11], head[17]) == ("ORU^R01^ORU_R01", control_id(notice()), version, "UNICODE UTF-8")
    assert patient[3:9] == ["PAT-1^^^HOSPITAL^MR", "", "Other^Ann^M^Jr^Dr^^L^A", "", "19700102", "F"]
    assert order[1:4] == ["RE", "ORD-5", "ACC-9"]
    assert (request[2:5], request[7], request[25]) == (
        ["ORD-5", "ACC-9", "303653007^CT of head^SCT"],
        "20260102030405",
        "P",
    )
    assert (request[5], request[27], timing[9]) == ("S", "^^^^^S", "S")
    assert "Notification only, not for diagnosis." in note[3]
    presences = {line[4]: line for line in observations if line[2] == "CE"}
    assert [presences[label][3].split("^")[0] for label in LABELS] == [FINDING_CODES[x].finding.value for x in LABELS]
    assert {label: presences[label][8] for label in LABELS} == {
        "epidural": "A",
        "intraparenchymal": "",
        "intraventricular": "",
        "subarachnoid": "",
        "subdural": "AA",
        "any": "AA",
    }
    scores = {line[4]: line[5] for line in observations if line[2] == "NM"}
    assert scores == {label: "95.0" if label in ("subdural", "any") else "25.0" for label in LABELS}
    assert {line[11] for line in observations} == {"P"}, "preliminary"
    assert observations[-1][3:6] == ["110180^Study Instance UID^DCM", "", "1.2.3"]
    assert [line[1] for line in observations] == [str(number) for number in range(1, 15)]


def test_what_is_not_flagged_has_neither_a_flag_nor_a_priority_nor_a_word_of_absence():
    nothing = notice(ANN, decision="not_flagged", flagged=(), uncertain=())
    _, lines = message(nothing)
    text = "|".join("|".join(line) for line in lines)
    assert [line for line in lines if line[0] == "TQ1"] == []
    assert {line[8] for line in lines if line[0] == "OBX" and line[2] == "CE"} == {""}
    assert "not flagged by the algorithm" in text
    assert not re.search(r"absent|normal|no hemorrhage|272519000", text, re.IGNORECASE)
    [request] = [line for line in lines if line[0] == "OBR"]
    assert len(request) == 26, "OBR-27 is not there"


def test_a_study_that_was_not_analyzed_says_why_and_gives_no_finding():
    _, lines = message(
        notice(ANN, decision=NOT_ANALYZED, flagged=(), uncertain=(), probabilities={}, reasons=("No head CT.",))
    )
    observations = [line for line in lines if line[0] == "OBX"]
    assert [line[2] for line in observations] == ["TX", "ST"]
    assert observations[0][11] == "X", "no result can be obtained"
    assert "No head CT." in observations[0][5]


def test_names_of_applications_and_the_procedure_are_those_of_the_site():
    options = {
        "sending_application": "ICH",
        "sending_facility": "A|B",
        "receiving_application": "RIS",
        "receiving_facility": "MAIN",
        "processing_id": "T",
        "procedure_code": "CTHEAD^CT Kopf nativ^L",
    }
    _, lines = message(notice(ANN), **options)
    assert lines[0][2:6] == ["ICH", "A\\F\\B", "RIS", "MAIN"]
    assert (lines[0][10], lines[3][4]) == ("T", "CTHEAD^CT Kopf nativ^L")


def test_codes_of_findings_are_those_of_the_site():
    codes = {**FINDING_CODES, Label.SUBDURAL: FindingCode(Code("SDH", "99SITE", "Subdural | bleed"))}
    _, lines = message(notice(ANN, finding_codes=codes))
    [finding] = [line[3] for line in lines if line[0] == "OBX" and line[4] == Label.SUBDURAL and line[2] == "CE"]
    assert finding == "SDH^Subdural \\F\\ bleed^99SITE"


def test_a_message_is_the_same_bytes_each_time():
    one, other = (observation_message(notice(ANN), Destination(**RIS)) for _ in range(2))
    assert one == other
    assert control_id(notice()) != control_id(notice(id="f" * 32))


def test_what_is_unknown_of_a_patient_is_empty():
    _, lines = message(notice(Patient(name="Other", identifier="7", birth_date="1970", sex="X"), study_time=""))
    assert lines[1] == ["PID", "1", "", "7^^^^MR", "", "Other^^^^^^L^A", "", "", "U"]
    assert lines[2] == ["ORC", "RE"]


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        ("Other^Ann", "Other^Ann^^^^^L^A"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P"),
        ("=洪^吉洞", "洪^吉洞^^^^^L^I"),
        ("Сидоров^Иван^^^", "Сидоров^Иван^^^^^L^A"),
        ("O'Neil & Sons^A|B", "O'Neil \\T\\ Sons^A\\F\\B^^^^^L^A"),
        ("^^^^", ""),
        ("", ""),
    ],
)
def test_a_person_name_becomes_an_extended_person_name(received, sent):
    assert person_name(received) == sent


@given(st.text(max_size=80))
@example("A|B^C~D\\E&F")
@example("\r\x0b\x1c\n\x00\x85\u2028")
@example("\\F\\")
def test_an_escaped_value_is_one_value_and_comes_back(text):
    text = text.encode("utf-8", "replace").decode()
    value = escaped(text)
    assert not set(value) & set("|^~&\r\n\x0b\x1c")
    assert unescaped(value) == text


HOSTILE = st.text(
    st.one_of(st.sampled_from("|^~\\&=\r\n\x0b\x1c\x00\x85MSHOBXPID "), st.characters(exclude_categories=["Cs"])),
    max_size=40,
)


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_patient_can_write_segments_or_other_fields(name, identifier, accession, description):
    patient = replace(
        ANN, name=name, identifier=identifier or "7", accession_number=accession, study_description=description
    )
    content = observation_message(notice(patient), Destination(**RIS))
    assert b"\x0b" not in content
    assert b"\x1c" not in content
    lines = [line.split("|") for line in content.decode().split("\r")[:-1]]
    assert [line[0] for line in lines] == ["MSH", "PID", "ORC", "OBR", "NTE", "TQ1", *["OBX"] * 14]
    assert unescaped(lines[1][3].split("^")[0]) == patient.identifier
    assert unescaped(lines[3][3]) == patient.accession_number
    assert lines[1][8] == "F"
    assert [line[8] for line in lines if line[0] == "OBX" and line[4] == Label.ANY and line[2] == "CE"] == ["AA"]
