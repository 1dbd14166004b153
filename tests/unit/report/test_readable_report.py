"""One readable model of a report, in four branches and with all that may be missing."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import numpy as np
import pytest
from pydicom.dataset import Dataset

from triage_node.errors import InvalidInstance
from triage_node.findings import LABELS, Decision, Label
from triage_node.report import SourceNames, VisualExplanation, build_report, codes, readable, report_variants
from triage_node.report.forms.name_groups import NameGroups
from triage_node.report.forms.source_names import SeriesName


def test_it_says_what_the_content_said_whatever_the_class(content, read_back):
    for variant in report_variants(build_report(content)):
        read = readable(read_back(variant), revision=3)
        assert read.decision is content.decision
        assert read.model == content.model
        assert read.report.revision == 3
        assert read.report.sop_class_uid == variant.SOPClassUID
        assert read.report.created_at == content.created_at
        assert [answer.label for answer in read.answers] == (list(LABELS) if content.prediction else [])
        assert [(one.code, one.message) for one in read.reasons] == [(one.code, one.message) for one in content.reasons]
        for answer in read.answers:
            assert answer.decision is content.decision_for(answer.label)
            assert answer.probability == pytest.approx(content.prediction.probabilities[answer.label], abs=0.0005)
            assert (answer.best_slice is not None) == (answer.decision is not Decision.NOT_FLAGGED)


def test_it_names_who_the_study_is_of(flagged):
    read = readable(build_report(flagged))
    assert (read.patient.patient_id, read.patient.birth_date, read.patient.sex) == ("PID-7", date(1950, 2, 3), "F")
    assert read.study.accession_number == "A1"
    assert (read.study.date, read.study.time, read.study.offset) == (date(2026, 3, 1), time(10, 15), "+0000")
    assert read.report.created_at == datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)


def test_images_are_named_as_on_the_screen(flagged, make_source):
    headers = [make_source(n, InstanceNumber=10 + n, SeriesNumber=4, SeriesDescription="Head") for n in range(1, 4)]
    read = readable(build_report(flagged), SourceNames.of(headers))
    best = {answer.label: answer.best_slice for answer in read.answers if answer.best_slice}
    assert {each.instance_number for each in best.values()} == {12}
    [series] = read.series
    assert (series.series_number, series.series_description, series.instances) == (4, "Head", 3)


def test_an_image_without_a_number_has_none(make_source):
    names = SourceNames.of([make_source(1), make_source(2, InstanceNumber="")])
    assert names.instance_numbers == {}
    assert names.series == {make_source(1).SeriesInstanceUID: SeriesName()}


@pytest.mark.parametrize(
    ("written", "groups", "shown"),
    [
        ("Doe^Jane", 1, "Doe, Jane"),
        ("Doe^Jane^Mary^Dr^MD", 1, "Doe, Jane Mary Dr MD"),
        ("Doe", 1, "Doe"),
        ("^Jane", 1, "Jane"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", 3, "Yamada, Tarou · 山田 太郎 · やまだ たろう"),
        ("=洪^吉洞", 1, "洪 吉洞"),
        ("Люксембург", 1, "Люксембург"),
        ("^^^^", 0, ""),
        ("", 0, ""),
    ],
)
def test_a_name_is_written_as_people_write_it(written, groups, shown):
    ds = Dataset()
    ds.PatientName = written
    name = NameGroups.of(ds, "PatientName")
    assert (len(name.groups), str(name)) == (groups, shown)


def test_what_is_missing_is_missing(flagged, make_source):
    empty = dict.fromkeys(
        ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber"), ""
    )
    read = readable(build_report(replace(flagged, sources=(make_source(1, **empty),))))
    assert (read.patient.birth_date, read.patient.sex, read.patient.patient_id) == (None, "", "")
    assert (read.study.date, read.study.time, read.study.accession_number) == (None, None, "")
    assert read.decision is Decision.FLAGGED


def test_the_report_it_replaces_is_named(flagged, not_analyzed):
    earlier = build_report(not_analyzed)
    assert readable(build_report(replace(flagged, predecessor=earlier))).report.replaces == (earlier.SOPInstanceUID,)


def test_the_picture_that_goes_with_it_is_named_and_is_no_evidence(flagged):
    explanation = VisualExplanation(Label.SUBDURAL, np.zeros((4, 4, 3), np.uint8))
    read = readable(build_report(replace(flagged, explanation=explanation)))
    assert read.picture.startswith("2.25.")
    assert [series.instances for series in read.series] == [3]
    assert readable(build_report(flagged)).picture == ""


def test_a_label_the_report_leaves_out_is_not_taken_for_not_flagged(flagged):
    report = build_report(flagged)
    [container] = [item for item in report.ContentSequence if _name(item) == codes.IMAGING_MEASUREMENTS.value]
    groups = [item for item in container.ContentSequence if item.ValueType == "CONTAINER"]
    container.ContentSequence = [item for item in container.ContentSequence if item is not groups[3]]
    [answer] = [one for one in readable(report).answers if one.label is Label.SUBARACHNOID]
    assert (answer.decision, answer.probability, answer.text) == (None, None, "the report does not say")


def test_what_says_nothing_is_refused_and_no_negative_answer(not_flagged):
    other = Dataset()
    other.PatientName, other.Modality = "Doe^Jane", "SR"
    silent = build_report(not_flagged)
    [evaluations] = [item for item in silent.ContentSequence if _name(item) == codes.QUALITATIVE_EVALUATIONS.value]
    evaluations.ContentSequence = [item for item in evaluations.ContentSequence if item.ValueType == "TEXT"]
    for report in (other, silent):
        with pytest.raises(InvalidInstance, match="no report of a triage node, or holds no answer"):
            readable(report)


def _name(item):
    return item.ConceptNameCodeSequence[0].CodeValue
