"""What DICOMweb's keys match (PS3.4 C.2.2.2), through every index and without one."""

import pytest

from triage_node.errors import InvalidInput
from triage_node.search import search
from triage_node.search.attributes import BY_KEYWORD, Level
from triage_node.search.matching import trigrams
from triage_node.search.search import Question
from triage_node.worklist import ReceivedInstance

STUDIES = {
    "1": ("Müller^Änne^^Dr.", "P-1", "A20240001", "20240101"),
    "2": ("DOE^JANE", "p-1", "A20240002", "20240215"),
    "3": ("Doe^John=ドウ^ジョン", "X[1]", "B%_1", "20250101"),
    "4": ("", "", "", ""),
}
DESCRIBED = ("patient_name", "patient_id", "accession_number", "study_date")


@pytest.fixture(params=[2000, 1], ids=["followed", "bit by bit"])
def filled(worklist, clock, request, monkeypatch):
    """Four studies; when FEW is 1, no index is found selective."""
    monkeypatch.setattr(search, "FEW", request.param)
    for number, described in STUDIES.items():
        modalities = ("CT", "SR") if number == "1" else ("CT",)
        worklist.registration.register(
            [
                ReceivedInstance(
                    study_instance_uid=f"1.{number}",
                    series_instance_uid=f"1.{number}.{place}",
                    sop_instance_uid=f"1.{number}.{place}.{image}",
                    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
                    transfer_syntax_uid="1.2.840.10008.1.2.1",
                    size_bytes=1,
                    received_at=clock(),
                    eligible=True,
                    modality=modality,
                    study_time="030405.5",
                    study_identifier=f"S{number}",
                    referring_physician_name="Rész^Éva",
                    study_description="CT HEAD",
                    series_number=place,
                    requested_procedure_id=f"RP{number}",
                    instance_number=image,
                    rows=512,
                    **dict(zip(DESCRIBED, described, strict=True)),
                )
                for place, modality in enumerate(modalities, 1)
                for image in (1, 2)
            ]
        )
    return worklist


@pytest.fixture
def ask(filled):
    def ask(level=Level.STUDY, limit=100, offset=0, **keys):
        pairs = tuple((BY_KEYWORD[keyword.replace("__", ".")], value) for keyword, value in keys.items())
        return filled.search.find(Question(level, pairs, limit, offset))

    return ask


def numbers(found):
    return "".join(sorted(one["StudyInstanceUID"].removeprefix("1.") for one in found))


MATCHES = [
    ("PatientName", "muller^anne^^dr.", "1"),
    ("PatientName", "MÜLLER*", "1"),
    ("PatientName", "*änn*", "1"),
    ("PatientName", "doe^jane^^^", "2"),
    ("PatientName", "doe", ""),
    ("PatientName", "doe^j?n*", "2"),
    ("PatientName", "*ohn=ドウ*", "3"),
    ("PatientName", "d*", "23"),
    ("PatientName", "*o*n*", "23"),
    ("PatientName", "*", "1234"),
    ("PatientName", "", "1234"),
    ("PatientID", "P-1", "1"),
    ("PatientID", "?-1", "12"),
    ("PatientID", "X[1]", "3"),
    ("PatientID", "X[*", "3"),
    ("PatientID", "*[1*", "3"),
    ("PatientID", '*"*', ""),
    ("PatientID", '*"""*', ""),
    ("AccessionNumber", "A2024*", "12"),
    ("AccessionNumber", "*20240002*", "2"),
    ("AccessionNumber", "B%*", "3"),
    ("AccessionNumber", "A%", ""),
    ("AccessionNumber", "%", ""),
    ("StudyDate", "20240101", "1"),
    ("StudyDate", "20240101-20240301", "12"),
    ("StudyDate", "-20240131", "1"),
    ("StudyDate", "20240215-", "23"),
    ("StudyTime", "0304", "1234"),
    ("StudyTime", "030406-", ""),
    ("StudyTime", "01-030405", "1234"),
    ("ModalitiesInStudy", "SR", "1"),
    ("ModalitiesInStudy", "CT", "1234"),
    ("ModalitiesInStudy", "SR\\MR", "1"),
    ("ModalitiesInStudy", "S?", "1"),
    ("StudyInstanceUID", "1.1,1.3", "13"),
    ("StudyInstanceUID", "1.1\\1.4", "14"),
    ("StudyInstanceUID", "1.*", ""),
    ("StudyID", "S2", "2"),
    ("StudyDescription", "*HEAD*", "1234"),
    ("ReferringPhysicianName", "resz^eva", "1234"),
    ("ReferringPhysicianName", "*nobody*", ""),
    ("PatientSex", "F", ""),
]  # fmt: skip


def test_what_a_key_matches(ask):
    found = [(keyword, value, numbers(ask(**{keyword: value}))) for keyword, value, _ in MATCHES]
    assert found == MATCHES


NONSENSE = [
    ("StudyDate", "2024"),
    ("StudyDate", "-"),
    ("StudyDate", "20240101-x"),
    ("StudyTime", "3"),
    ("SeriesNumber", "x"),
    ("StudyInstanceUID", ","),
    ("PatientName", "*a*b*c*d*e*f*g*h*i*j*"),
    ("PatientID", "\0"),
    ("PatientID", "x" * 2000),
]


def test_what_cannot_be_matched_is_refused(worklist):
    for keyword, value in NONSENSE:
        with pytest.raises(InvalidInput):
            worklist.search.find(Question(Level.SERIES, ((BY_KEYWORD[keyword], value),)))


def test_all_keys_have_to_match(ask):
    assert numbers(ask(PatientName="doe*", StudyDate="2024" + "0101-20241231")) == "2"
    assert ask(PatientName="doe*", StudyDate="20260101") == []


def test_a_study_is_described(ask):
    [study] = ask(StudyInstanceUID="1.1")
    assert study["ModalitiesInStudy"] == ["CT", "SR"]
    assert (study["NumberOfStudyRelatedSeries"], study["NumberOfStudyRelatedInstances"]) == (2, 4)
    assert (study["PatientName"], study["StudyTime"], study["StudyID"]) == ("Müller^Änne^^Dr.", "030405.5", "S1")
    assert "id" not in study


def test_the_newest_studies_come_first_and_pages_join(ask):
    assert [one["StudyInstanceUID"] for one in ask()] == ["1.3", "1.2", "1.1", "1.4"]
    pages = [one for offset in range(0, 5, 2) for one in ask(limit=2, offset=offset, ModalitiesInStudy="CT")]
    assert sorted(one["StudyInstanceUID"] for one in pages) == ["1.1", "1.2", "1.3", "1.4"]
    assert ask(limit=0) == []


def test_series_and_instances(ask):
    assert len(ask(Level.SERIES)) == 5
    [series] = ask(Level.SERIES, StudyInstanceUID="1.1", Modality="SR")
    assert (series["SeriesInstanceUID"], series["NumberOfSeriesRelatedInstances"]) == ("1.1.2", 2)
    assert series["PatientName"] == "Müller^Änne^^Dr."
    assert [one["StudyInstanceUID"] for one in ask(Level.SERIES, Modality="SR")] == ["1.1"]
    assert numbers(ask(Level.SERIES, RequestAttributesSequence__RequestedProcedureID="RP2")) == "2"
    assert len(ask(Level.SERIES, SeriesNumber="2")) == 1
    assert len(ask(Level.INSTANCE)) == 10
    assert len(ask(Level.INSTANCE, Modality="SR")) == 2
    [instance] = ask(Level.INSTANCE, SOPInstanceUID="1.2.1.2")
    assert (instance["InstanceNumber"], instance["Rows"], instance["Columns"]) == (2, 512, None)
    assert instance["SeriesInstanceUID"] == "1.2.1"
    assert len(ask(Level.INSTANCE, SOPClassUID="1.2.840.10008.5.1.4.1.1.2", PatientID="P-1")) == 4


def test_trigrams_are_the_last_of_what_stands_between_wildcards():
    assert trigrams("*ab*") == []
    assert trigrams("*Anna?lee*") == ["ann", "nna", "lee"]
    assert trigrams("A20240000123") == ["400", "000", "001", "012", "123"]
    assert trigrams("*ドウン*") == []
