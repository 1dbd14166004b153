from datetime import date

import pytest
from pydicom import Dataset

from triage_node.imaging.patient import age_years, names_several_patients, patient_reasons, prior_reasons
from triage_node.imaging.policy import Policy


def header(**elements: object) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize(
    ("age", "years"), [("012Y", 12), ("006M", 0.5), ("052W", 52 * 7 / 365.25), ("010D", 10 / 365.25)]
)
def test_age_strings(age, years):
    assert age_years(header(PatientAge=age)) == pytest.approx(years)


def test_age_from_birth_date():
    assert age_years(header(PatientBirthDate="20000101", StudyDate="20100101")) == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"PatientAge": "000Y"},
        {"PatientBirthDate": "20000101"},
        {"PatientBirthDate": "20300101", "StudyDate": "20200101"},
    ],
)
def test_an_unknown_age_is_no_age(elements):
    assert age_years(header(**elements)) is None
    assert patient_reasons([header(**elements)], Policy(minimum_age_years=18)) == ()


@pytest.mark.parametrize(("age", "expected"), [("017Y", ["pediatric"]), ("018Y", [])])
def test_pediatric(age, expected):
    assert [
        reason.code for reason in patient_reasons([header(PatientAge=age)], Policy(minimum_age_years=18))
    ] == expected
    assert patient_reasons([header(PatientAge=age)], Policy()) == ()


@pytest.mark.parametrize(
    ("studied", "expected"), [("20240101", []), ("20231201", ["prior_study"]), ("20250101", []), ("", [])]
)
def test_prior_study(studied, expected):
    found = prior_reasons(header(StudyDate=studied), Policy(prior_study_days=30), date(2024, 1, 31))
    assert [reason.code for reason in found] == expected
    assert prior_reasons(header(StudyDate=studied), Policy(), date(2024, 1, 31)) == ()


@pytest.mark.parametrize(
    ("one", "other", "several"),
    [
        ({"PatientID": "1"}, {"PatientID": "2"}, True),
        ({"PatientID": "1"}, {"PatientID": ""}, False),
        ({"PatientID": "1", "PatientName": "A^B"}, {"PatientID": "1", "PatientName": "A^C"}, False),
        ({"PatientID": "0", "PatientBirthDate": "19600101"}, {"PatientID": "0", "PatientBirthDate": "19610101"}, True),
        ({"PatientName": "A^B"}, {"PatientName": "a^b^^"}, False),
        ({"PatientName": "A^B"}, {"PatientName": "C^D"}, True),
        ({"PatientName": "Yamada ^ Tarou"}, {"PatientName": "YAMADA^TAROU^^=X^Y"}, False),
        ({"PatientID": "ab 12"}, {"PatientID": "AB12 "}, False),
        ({"PatientID": "0012345", "PatientName": "A^B"}, {"PatientID": "12345", "PatientName": "a^b"}, False),
        ({"PatientID": "0012345", "PatientName": "A^B"}, {"PatientID": "12345", "PatientName": "C^D"}, True),
        ({"PatientID": "0012345"}, {"PatientID": "12345"}, True),
        ({"PatientID": "120"}, {"PatientID": "12"}, True),
    ],
)
def test_mixed_patients(one, other, several):
    assert names_several_patients([header(**one), header(**other)]) is several


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom, of the forms it does not know
@pytest.mark.parametrize("form", ["1960.02.29", "1960-02-29", "19600229 ", "00000000"])
def test_a_birth_date_in_another_form_is_the_same_patient(form):
    headers = [header(PatientID="1", PatientBirthDate="19600229"), header(PatientID="1", PatientBirthDate=form)]
    assert not names_several_patients(headers)
