from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from triage_node.report import build_report, summarize

pytestmark = pytest.mark.slow

LONG = "X" * 200

HOSTILE = {
    "long": {
        "PatientName": LONG,
        "PatientID": LONG,
        "StudyID": LONG,
        "AccessionNumber": LONG,
        "StudyDescription": LONG,
    },
    "controls": {
        "PatientName": "Doe\r\n^Ja\x07ne",
        "PatientID": "P\n7",
        "StudyDescription": "a\x00b\x1bc\td",
        "ReferringPhysicianName": "\x1b[2J",
    },
    "no dates": {"StudyDate": "yesterday", "StudyTime": "99:99", "PatientBirthDate": "19501345", "PatientAge": "old"},
    "old dates": {"StudyDate": "2026.03.01", "StudyTime": "10:15:00", "PatientAge": "076Y"},
    "no codes": {"PatientSex": "unknown", "TimezoneOffsetFromUTC": "CET"},
    "many carets": {"PatientName": "^".join("abcdefgh") + "=" + "=".join("ijk")},
    "several values": {"PatientName": ["A^B", "C^D"], "PatientID": ["1", "2"], "StudyDescription": ["a", "b"]},
    "an unknown character set": {"SpecificCharacterSet": "ISO_IR 999", "PatientName": "Müller"},
    "no character set": {"PatientName": "Müller^Jörg"},
    "names beyond the character set": {"SpecificCharacterSet": "ISO_IR 100", "PatientName": "山田"},
    "no SOP class": {"SOPClassUID": None},
    "a broken SOP class": {"SOPClassUID": "CT"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_gives_a_valid_report(name, flagged, make_source, complaints_of):
    source = make_source(**HOSTILE[name])
    assert complaints_of(build_report(replace(flagged, sources=(source,), best_slices={}))) == []


def test_an_identifier_is_carried_intact_or_not_at_all(flagged, make_source):
    sources = [make_source(PatientID=value) for value in ("X" * 64, "X" * 65, "P\n7", ["1", "2"], " P7 ")]
    carried = [build_report(replace(flagged, sources=(source,))).PatientID for source in sources]
    assert carried == ["X" * 64, "", "", "", "P7"]


def test_old_forms_of_dates_are_read(flagged, make_source):
    report = build_report(replace(flagged, sources=(make_source(**HOSTILE["old dates"]),)))
    assert (report.StudyDate, report.StudyTime, report.PatientAge) == ("20260301", "101500", "076Y")


def test_undeclared_bytes_stay_the_same_and_become_declared(flagged, make_source, as_bytes):
    report = build_report(replace(flagged, sources=(make_source(PatientName="Müller"),)))
    assert report.SpecificCharacterSet == "ISO_IR 100"
    assert b"M\xfcller" in as_bytes(report)


def test_a_declared_character_set_is_kept(flagged, make_source):
    source = make_source(SpecificCharacterSet=["", "ISO 2022 IR 87"])
    report = build_report(replace(flagged, sources=(source,), station_name="Röntgen"))
    assert list(report.SpecificCharacterSet) == ["", "ISO 2022 IR 87"]
    assert report.StationName == "Rontgen"


def test_an_odd_uid_is_carried_as_received(flagged, make_source, read_back, recwarn):
    source = make_source(SOPInstanceUID="ID_abc", StudyInstanceUID="ID_study", SeriesInstanceUID="ID_series")
    report = build_report(replace(flagged, sources=(source,), best_slices={}))
    assert not recwarn
    summary = summarize(read_back(report))
    assert summary.study_instance_uid == "ID_study"
    assert summary.source_counts == {"ID_series": 1}


def test_a_uid_no_element_can_hold_is_replaced(flagged, make_source, complaints_of):
    source = make_source(SOPInstanceUID="1." * 60, StudyInstanceUID="../../etc/passwd", SeriesInstanceUID="a\\b")
    reports = [build_report(replace(flagged, sources=(source,), best_slices={})) for _ in range(2)]
    assert reports[0].StudyInstanceUID == reports[1].StudyInstanceUID
    assert reports[0].StudyInstanceUID.startswith("2.25.")
    assert complaints_of(reports[0]) == []


def test_a_source_that_names_nothing_still_gives_a_report(flagged, make_source):
    source = make_source(SOPInstanceUID=None, StudyInstanceUID=None, SeriesInstanceUID=None)
    named = make_source(2, StudyInstanceUID=None)
    assert build_report(replace(flagged, sources=(source, named), best_slices={})).StudyInstanceUID.is_valid


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=90), terms=st.sampled_from(["", "ISO_IR 100", "ISO_IR 192", "GB18030", "ISO_IR 13", "?"]))
@example(text="\u00d9\x00", terms="")
def test_no_text_breaks_a_report(text, terms, flagged, make_source, read_back):
    keywords = ("PatientName", "PatientID", "StudyDescription", "StudyID", "StudyDate", "StudyTime", "PatientSex")
    source = make_source(SpecificCharacterSet=terms, **dict.fromkeys(keywords, text))
    report = build_report(replace(flagged, sources=(source,)))
    values = [str(report.get(keyword, "")) for keyword in keywords]
    back = read_back(report)
    assert [str(back.get(keyword, "")).strip() for keyword in keywords] == [value.strip() for value in values]
