"""Yesterday's numbers, and drift, from the roll-ups that studies left."""

import pytest

from triage_node.findings import Decision
from triage_node.maintenance import DailyStatistics
from triage_node.zone import MachineZone

DAY = 86_400


@pytest.fixture
def daily(worklist, clock):
    return DailyStatistics(worklist.statistics, worklist.upkeep_notes.note, MachineZone(), clock)


def events(worklist, code):
    return [event.message for event in worklist.study_details.events(code)]


def test_yesterday_is_summed_up_and_today_is_not(daily, worklist, analyze, clock):
    analyze("1.2.1")
    analyze("1.2.2", Decision.NOT_FLAGGED, 0.1)
    analyze("1.2.3", None)
    clock.forward(DAY)
    analyze("1.2.4")
    sentence = daily.sum_up().sentence
    assert "3 studies came, 2 were analyzed, 1 flagged, 0 uncertain, 1 unsuitable, 0 failed" in sentence
    assert events(worklist, "daily_statistics") == [sentence]


def studies(analyze, clock, score, number, days, first):
    """Let studies come over some days."""
    for index in range(number):
        analyze(f"1.3.{first + index}", Decision.NOT_FLAGGED, score, scanner="A")
        clock.forward(days * DAY / number - 61)


@pytest.mark.parametrize(("score", "level", "alerts"), [(0.05, "stable", False), (0.95, "large", True)])
def test_scores_that_drift_are_an_alert_and_an_event(
    daily, worklist, analyze, clock, monkeypatch, score, level, alerts
):
    monkeypatch.setattr("triage_node.statistics.drift.MOST_BY_CHANCE", 2.0)
    studies(analyze, clock, 0.05, 40, 60, first=0)
    studies(analyze, clock, score, 40, 30, first=100)
    done = daily.drift("large")
    assert done.wants_look == alerts
    assert done.sentence.startswith(f"scores {level}")
    assert "studies against 40" in done.sentence
    assert bool(events(worklist, "drift_alert")) == alerts
    assert daily.drift("moderate").wants_look == alerts


def test_few_studies_are_no_alert(daily, analyze, clock):
    assert daily.drift("moderate").sentence == "scores: nothing to compare yet; scanners: nothing to compare yet"
    studies(analyze, clock, 0.05, 2, 40, first=0)
    studies(analyze, clock, 0.95, 2, 30, first=10)
    done = daily.drift("moderate")
    assert (done.wants_look, "too few to tell" in done.sentence) == (False, True)
