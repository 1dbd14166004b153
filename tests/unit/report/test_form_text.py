"""The plain text: what stands first, and nothing in it that commands a terminal."""

from dataclasses import replace

import pytest

from triage_node.findings import Calibration, Decision, Label
from triage_node.report import SourceNames, build_report, readable
from triage_node.report.forms.sheet import sheet
from triage_node.report.forms.text import as_text, columns

FIRST = {
    Decision.FLAGGED: "SUSPECTED HEMORRHAGE",
    Decision.UNCERTAIN: "UNCERTAIN",
    Decision.NOT_FLAGGED: "NOT FLAGGED BY THE ALGORITHM",
    None: "NOT ANALYZED",
}


def test_the_outcome_stands_first_and_the_disclaimer_beside_it(content):
    lines = as_text(readable(build_report(content))).splitlines()
    assert lines[0] == FIRST[content.decision]
    assert "Notification only, not for diagnosis. Read the images as always." in lines[:3]


def test_a_label_is_a_line_with_answer_score_and_slice(flagged, make_source):
    headers = [make_source(number, InstanceNumber=10 + number, SeriesNumber=4) for number in range(1, 4)]
    lines = as_text(readable(build_report(flagged), SourceNames.of(headers))).splitlines()
    rows = {line.split()[0]: line.split() for line in lines if "%" in line}
    assert rows["subdural"][:4] == ["subdural", "suspected", "93.4", "%"]
    assert rows["subdural"][-2:] == ["image", "12"]
    assert rows["epidural"][1] == "uncertain"
    assert rows["subarachnoid"][1:3] == ["not", "flagged"]
    assert rows["any"][:3] == ["any", "hemorrhage", "suspected"]


def test_the_score_stands_beside_the_thresholds_it_is_read_by(flagged):
    lines = as_text(readable(build_report(flagged))).splitlines()
    [subdural] = [line for line in lines if line.startswith("  subdural")]
    assert subdural.split()[1:8] == ["suspected", "93.4", "%", "40.0", "%", "90.0", "%"]
    assert "  Score and thresholds  From 200 studies without and 100 with it." in lines
    other = {Label.SUBDURAL: Calibration(0.9, 0.4, "From few.")}
    text = as_text(readable(build_report(replace(flagged, calibrations=flagged.calibrations | other))))
    assert "  Score and thresholds, subdural " in text


@pytest.mark.parametrize(
    ("score", "limits", "shown"),
    [
        (0.9, (0.4, 0.8), ("90.0 %", "40.0 %", "80.0 %")),
        (0.38442, (0.2, 0.38441), ("38.442 %", "20.000 %", "38.441 %")),
        (0.38441, (0.2, 0.38441), ("38.4 %", "20.0 %", "38.4 %")),
        (0.3996, (0.4, 0.8), ("39.96 %", "40.00 %", "80.00 %")),
        (None, (0.4, 0.8), ("-", "40.0 %", "80.0 %")),
    ],
)
def test_figures_have_as_many_digits_as_keep_the_score_on_its_side(flagged, score, limits, shown):
    read = readable(build_report(flagged))
    answer = replace(read.answers[0], probability=score, calibration=Calibration(limits[1], limits[0]))
    [row] = sheet(replace(read, answers=(answer,))).rows
    assert row.cells[2:5] == shown


def test_the_series_are_named_with_the_reasons_against_the_others(flagged):
    lines = [" ".join(line.split()) for line in as_text(readable(build_report(flagged))).splitlines()]
    assert [line for line in lines if " Series " in line] == [
        "Series analyzed Series 3: 30 slices of 5 mm.",
        "Other series Series 1: localizer.",
        "Other series Series 2: also suitable.",
    ]


def test_it_never_says_that_there_is_no_hemorrhage(content):
    text = as_text(readable(build_report(content))).lower()
    assert not any(words in text for words in ("no hemorrhage", "absent", "without findings", "negative"))


def test_what_is_missing_is_said(flagged, make_source):
    source = make_source(1, PatientName="", PatientBirthDate="", PatientSex="", AccessionNumber="")
    lines = as_text(readable(build_report(replace(flagged, sources=(source,))))).splitlines()
    said = {line.split("  ")[1]: line.split()[-2:] for line in lines if line.startswith("  ")}
    for name in ("Name", "Birth date", "Sex", "Accession number"):
        assert said[name] == ["not", "given"]


def test_control_and_reordering_characters_are_marks(flagged, make_source):
    source = make_source(
        1, PatientName="Doe^\x1b[31mJane", StudyDescription="a\u202eb\nc", SpecificCharacterSet="ISO_IR 192"
    )
    text = as_text(readable(build_report(replace(flagged, sources=(source,)))))
    assert "Doe, ?[31mJane" in text
    assert "a?b?c" in text


def test_a_name_stands_in_all_its_writings(flagged, make_source):
    source = make_source(1, PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう", SpecificCharacterSet="ISO_IR 192")
    text = as_text(readable(build_report(replace(flagged, sources=(source,)))))
    assert "  Name        Yamada, Tarou · 山田 太郎 · やまだ たろう\n" in text


def test_wide_characters_take_two_columns():
    assert (columns("山田 Jane"), columns("Jane")) == (9, 4)
