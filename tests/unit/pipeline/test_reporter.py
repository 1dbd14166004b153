"""What a report says of a study beside the answer: its series, its instances, its patients."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from ct import head_ct, save
from ct_objects import localizer, structured_report

from triage_node.findings import LABELS, ModelIdentity, Prediction
from triage_node.imaging import Policy, read_volume, scan, select_series
from triage_node.outcome import Status
from triage_node.pipeline.analysis import Analysis
from triage_node.pipeline.reporter import ReportedStudy, Reporter
from triage_node.pipeline.series_sentences import MOST_SERIES, series_not_analyzed
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import report_variants, summarize
from triage_node.search import StoredInstance

MODEL = ModelIdentity("net", "1", "ab" * 32)
DEVICE_UID = "2.25.7777"
TODAY = date(2024, 1, 3)
REPORTED = ReportedStudy(datetime(2024, 1, 3, tzinfo=UTC), revision=3)
FAILED = Analysis(Status.FAILED, None, (Reason.of(ReasonCode.ANALYSIS_FAILED),))
SMALL = {"slices": 24, "size": (32, 32)}


@pytest.fixture
def reporter():
    return Reporter("TRIAGE", DEVICE_UID, MODEL, {})


@pytest.fixture
def selected(tmp_path):
    """Return the selection among the series of a study on the disk, and the answer *not flagged* for the chosen one."""

    def select(*datasets):
        save(datasets, tmp_path / "study")
        selection = select_series(scan([tmp_path / "study"]).series, Policy(), TODAY)
        if selection.chosen is None:
            return Analysis(Status.UNSUITABLE, None, selection.reasons), selection
        sources = read_volume(selection.chosen, Policy()).sources
        slices = np.full((len(sources), len(LABELS)), 0.1, np.float32)
        prediction = Prediction(MODEL, dict.fromkeys(LABELS, 0.1), slices)
        return Analysis(Status.ANALYZED, selection.chosen, prediction=prediction, sources=sources), selection

    return select


def uids_of(report):
    [study] = report.CurrentRequestedProcedureEvidenceSequence
    return {
        item.ReferencedSOPInstanceUID for one in study.ReferencedSeriesSequence for item in one.ReferencedSOPSequence
    }


def stored(dataset, result_file=""):
    uids = dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID, dataset.SOPClassUID
    return StoredInstance(*map(str, uids), "1.2.840.10008.1.2.1", str(dataset.Modality), result_file)


def test_the_series_is_named_with_its_figures_and_each_other_one_with_what_speaks_against_it(reporter, selected):
    sharp = head_ct(**SMALL, SeriesNumber=3, ConvolutionKernel="BONE", SeriesDescription="BONE")
    short = head_ct(slices=12, size=(32, 32), SeriesNumber=4, SeriesDescription="THIN")
    analysis, selection = selected(*head_ct(**SMALL), *sharp, *short, *localizer())
    summary = summarize(reporter.report(analysis, selection, REPORTED))
    assert summary.revision == 3
    uid = analysis.series.series_instance_uid
    assert summary.series_analyzed == (
        f"Series 2 ({uid}): 24 slices of 5.00 mm, 5.00 mm apart, 120 mm of the head, tilted by 0 degrees, "
        "kernel STANDARD."
    )
    others = [sentence.split("): ")[1] for sentence in summary.series_not_analyzed]
    assert others == [
        "The series is a localizer.",
        "Suitable too; its kernel is sharper, or not known to be soft.",
        "The slices cover less than 100 mm of the head. Measured: 60 mm.",
    ]


def test_of_a_study_that_failed_each_series_says_so(reporter, selected):
    second = head_ct(**SMALL, SeriesNumber=3, SeriesDescription="AGAIN")
    _, selection = selected(*head_ct(**SMALL), *second, *localizer())
    summary = summarize(reporter.report(FAILED, selection, REPORTED))
    assert summary.series_analyzed == ""
    assert [sentence.split("): ")[1] for sentence in summary.series_not_analyzed] == [
        "The series is a localizer.",
        FAILED.reasons[0].message,
        "Suitable too; the series that comes before it gave no answer.",
    ]


def test_of_very_many_series_the_rest_is_counted(selected):
    series = [one for number in range(MOST_SERIES + 3) for one in localizer(SeriesNumber=number)]
    analysis, selection = selected(*series)
    sentences = series_not_analyzed(analysis, selection)
    assert len(sentences) == MOST_SERIES + 1
    assert sentences[-1] == "3 more series."


def test_everything_received_is_evidence_also_what_cannot_be_read(reporter, selected):
    head, [dose], [lost] = head_ct(**SMALL), structured_report(), structured_report(SeriesInstanceUID="1.2.9")
    analysis, selection = selected(*head, dose)
    lost.SOPInstanceUID = "1.2.9.1"
    instances = [stored(one) for one in (*head, dose, lost)]
    report = reporter.report(analysis, selection, replace(REPORTED, instances=instances))
    assert uids_of(report) == {one.SOPInstanceUID for one in (*head, dose, lost)}


def test_our_own_reports_are_no_evidence_and_no_series_also_when_a_pacs_sends_them_back(reporter, selected):
    head = head_ct(**SMALL)
    first = reporter.report(*selected(*head), REPORTED)
    variants = report_variants(first)
    selected(*variants)
    analysis, selection = selected()
    instances = [*(stored(one) for one in head), stored(first, "results/x/report-1.dcm"), stored(variants[1])]
    again = reporter.report(analysis, selection, replace(REPORTED, instances=instances))
    assert again.SOPInstanceUID == first.SOPInstanceUID


@pytest.mark.parametrize("failed", [True, False], ids=["failed", "unsuitable"])
def test_a_report_about_two_patients_names_none_and_says_why(failed, reporter, selected):
    other = head_ct(**SMALL, PatientID="OTHER", PatientName="Roe^Richard", SeriesNumber=3)
    analysis, selection = selected(*head_ct(**SMALL), *other)
    report = reporter.report(FAILED if failed else analysis, selection, REPORTED)
    assert (str(report.PatientName), report.PatientID, report.PatientBirthDate, report.AccessionNumber) == ("",) * 4
    assert report.StudyInstanceUID == other[0].StudyInstanceUID
    assert any(reason.startswith("mixed_patient: ") for reason in summarize(report).reasons)


def test_a_localizer_of_two_patients_is_filed_under_neither(reporter, selected):
    """Of what is no head CT nobody judges the patient, yet it is reported as not analyzed."""
    frontal, lateral = localizer()
    lateral.PatientID, lateral.PatientName = "OTHER", "Roe^Richard"
    report = reporter.report(*selected(frontal, lateral), REPORTED)
    assert (str(report.PatientName), report.PatientID) == ("", "")
    assert [reason.partition(":")[0] for reason in summarize(report).reasons] == ["localizer", "mixed_patient"]
