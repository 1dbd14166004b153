"""What DICOMweb's keys match (PS3.4 C.2.2.2), through every index and without one."""

import pytest

from triage_node.errors import InvalidInput
from triage_node.search import search
from triage_node.search.attributes import ATTRIBUTES, BY_KEYWORD, Kind, Level
from triage_node.search.matching import Rules, trigrams
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
    return "".join(sorted({one["StudyInstanceUID"].removeprefix("1.") for one in found}))


def uids(found):
    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    return sorted(tuple(one.get(name, "") for name in names) for one in found)


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


@pytest.mark.parametrize("level", Level)
def test_what_a_key_matches(ask, level):
    found = [(keyword, value, numbers(ask(level, **{keyword: value}))) for keyword, value, _ in MATCHES]
    assert found == MATCHES


def test_a_key_on_a_lower_level_still_asks_for_the_whole_study(ask):
    assert len(ask(Level.SERIES, ModalitiesInStudy="SR")) == 2
    assert len(ask(Level.INSTANCE, ModalitiesInStudy="SR")) == 4
    assert len(ask(Level.SERIES, ModalitiesInStudy="SR", Modality="CT")) == 1


SHAPES = {
    Kind.UID: ("1.1", "1.2", "1.1,1.2", "1.1\\1.2"),
    Kind.DATE: ("20240101", "20240101-", "-20240101"),
    Kind.TIME: ("03", "03-04", "-0304"),
    Kind.NUMBER: ("1",),
}
ANY_TEXT = ("CT", "C*", "?T", "*C*", "CT\\SR", "nobody")
MATCHED = [attribute for attribute in ATTRIBUTES if attribute.kind is not Kind.NONE]


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("rules", [Rules(), Rules(is_empty_matched=True, are_many_matched=True)], ids=["plain", "all"])
def test_every_key_is_answered_on_its_level_and_below(filled, level, rules):
    keys = [one for one in MATCHED if one.level <= level]
    assert keys
    for attribute in keys:
        for value in (*SHAPES.get(attribute.kind, ANY_TEXT), '""', "", "*"):
            try:
                alone = filled.search.find(Question(level, ((attribute, value),), rules=rules))
            except InvalidInput:
                assert (value, rules.is_empty_matched) == ('""', False)
                continue
            of_a_study = ((BY_KEYWORD["StudyInstanceUID"], "1.1"), (attribute, value))
            some = filled.search.find(Question(level, of_a_study, rules=rules))
            expected = [one for one in uids(alone) if one[0] == "1.1"]
            assert uids(some) == expected, (attribute, value)
            assert filled.search.count_after(Question(level, of_a_study, limit=0, rules=rules)) == len(some)


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
