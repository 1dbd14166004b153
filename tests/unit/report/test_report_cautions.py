"""A report says in a few words why an uncertain answer is not more certain, where a PACS shows them."""

from dataclasses import replace

import pytest

from triage_node.findings import Label
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import build_report, summarize

UNLIKE = Reason.of(ReasonCode.OUT_OF_DISTRIBUTION, "Distance 3.00, limit 2.00.")


@pytest.fixture
def unfamiliar(uncertain):
    prediction = replace(uncertain.prediction, cautions=(UNLIKE,), withheld=(Label.ANY, Label.SUBDURAL))
    return replace(uncertain, prediction=prediction)


def test_an_unfamiliar_study_says_so_in_the_list_of_images_and_in_the_first_sentence(unfamiliar, complaints_of):
    report = build_report(unfamiliar)
    summary = summarize(report)
    assert summary.series_description == "TRIAGE: uncertain, unlike the training images"
    assert summary.sentence.startswith("Uncertain (unlike the training images): subdural hemorrhage.")
    assert "Distance 3.00" in summary.sentence
    assert "suspected" not in summary.sentence.lower()
    assert complaints_of(report) == []


@pytest.mark.parametrize("code", [code for code in ReasonCode if code is not ReasonCode.OUT_OF_DISTRIBUTION])
def test_every_caution_has_words_that_fit(uncertain, code):
    doubted = replace(uncertain, prediction=uncertain.prediction.doubted(Reason.of(code)))
    description = build_report(doubted).SeriesDescription
    assert description.startswith("TRIAGE: uncertain, ")
    assert len(description) <= 64


def test_a_flagged_study_with_a_caution_keeps_the_words_a_pacs_sorts_by(flagged):
    doubted = replace(flagged, prediction=flagged.prediction.doubted(UNLIKE))
    summary = summarize(build_report(doubted))
    assert summary.series_description == "TRIAGE: suspected hemorrhage"
    assert summary.sentence.startswith("Suspected: ")
    assert UNLIKE.message in summary.sentence
