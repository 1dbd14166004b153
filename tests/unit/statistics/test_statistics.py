import json
import random
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from triage_node.database import DailyRow
from triage_node.errors import InvalidInput
from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.json_object import to_json
from triage_node.outcome import Outcome, Status
from triage_node.statistics.agreement import Judged, wilson
from triage_node.statistics.drift import drift_of, mix_drift
from triage_node.statistics.period import Percentiles
from triage_node.statistics.recounting import recount
from triage_node.statistics.rollups import duration_bin, duration_percentiles


@pytest.fixture
def today(clock):
    return datetime.fromtimestamp(clock()).date()


@pytest.fixture
def busy(worklist, analyze, clock):
    """A day of six studies with verdicts, a re-analysis and deliveries."""
    analyze("1.1", Decision.FLAGGED, 0.9, scanner="V A")
    analyze("1.2", Decision.FLAGGED, 0.8, scanner="V A")
    analyze("1.3", Decision.UNCERTAIN, 0.5, scanner="V B")
    analyze("1.4", Decision.NOT_FLAGGED, 0.02, scanner="V B")
    analyze("1.5", Decision.NOT_FLAGGED, 0.04)
    analyze("1.6", None)
    worklist.reader_actions.give_verdict("1.1", True, [], "anna")
    worklist.reader_actions.give_verdict("1.2", True, [], "anna")
    worklist.reader_actions.give_verdict("1.2", False, [], "bo")
    worklist.reader_actions.give_verdict("1.4", True, [], "anna")
    worklist.reader_actions.give_verdict("1.5", False, ["epidural"], "anna")
    worklist.reader_actions.requeue("1.3", "bo")
    analyze_again(worklist, "1.3")
    while delivery := worklist.outbox.claim_next("A@h:1"):
        clock.forward(2)
        worklist.outbox.delivered(delivery, "stored")
    return worklist


def analyze_again(worklist, uid):
    claim = worklist.claims.claim("w")
    assert claim.study_instance_uid == uid
    outcome = Outcome(
        Status.ANALYZED,
        ModelIdentity("net", "2", "cd"),
        decision=Decision.FLAGGED,
        probabilities=dict.fromkeys(LABELS, 0.7),
        flagged=(Label.EPIDURAL, Label.ANY),
        seconds={"read": 1.0, "infer": 2.0},
    )
    assert worklist.claims.finish(claim, outcome, [])


def rollups(worklist):
    """All counts but those of two stages, whose times a later analysis of the same study has overwritten."""
    with worklist.database.read() as session:
        rows = session.query(DailyRow).all()
        return {
            (row.day, row.measure, row.value): row.number
            for row in rows
            if row.number and row.measure not in ("seconds.receiving", "seconds.queue")
        }


def test_a_day_in_numbers(busy, today):
    told = busy.statistics.statistics(today, today)
    [day] = told.days
    for numbers in (day.numbers, told.totals):
        assert (numbers.arrivals, numbers.analyzed, numbers.unsuitable, numbers.failed) == (6, 5, 1, 0)
        assert (numbers.flagged, numbers.uncertain, numbers.not_flagged) == (3, 0, 2), "the later outcome counts"
        assert (numbers.delivered, numbers.positive_rate) == (5, 0.6)
    assert told.unsuitable_by_reason == {"not_head": 1}
    assert told.failed_by_reason == {}
    assert sum(told.scores.counts) == 5
    assert [told.scores.counts[number] for number in (0, 10, 14, 16, 18)] == [2, 0, 1, 1, 1]
    assert told.scanners == {"V A": 2, "V B": 2, "unknown": 1}
    json.dumps(to_json(told))


def test_turnaround_is_that_of_the_first_analysis_stage_by_stage(busy, today):
    stages = busy.statistics.statistics(today, today).turnaround_seconds
    assert {stage: numbers.count for stage, numbers in stages.items()} == {
        "receiving": 6,
        "queue": 6,
        "read": 5,
        "infer": 5,
        "report": 5,
        "delivery": 5,
        "acknowledgement": 0,
        "total": 6,
    }
    for stage, seconds in {"receiving": 61, "read": 1, "infer": 2, "total": 61}.items():
        assert stages[stage].p50 == pytest.approx(seconds, rel=0.19), stage


def test_readers_and_node_agree_as_far_as_they_do(busy, today):
    told = busy.statistics.agreement(today, today)
    assert told.judged == {"flagged": Judged(1, 1), "uncertain": Judged(0, 0), "not_flagged": Judged(1, 1)}
    assert (told.ppv.value, told.ppv.of) == (0.5, 2)
    assert (told.sensitivity.value, told.sensitivity.of) == (0.5, 2)
    assert told.types["subdural"].both == 1
    assert told.types["subdural"].node_only == 1
    assert told.types["epidural"].reader_only == 1


def test_sensitivity_is_not_given_where_only_flagged_studies_were_judged(worklist, analyze, today):
    analyze("1.1", Decision.FLAGGED)
    worklist.reader_actions.give_verdict("1.1", True, [], "anna")
    told = worklist.statistics.agreement(today, today)
    assert told.ppv.value == 1.0
    assert told.sensitivity is None


def test_the_roll_ups_are_what_the_rows_say(busy):
    before = rollups(busy)
    with busy.database.write() as session:
        recount(session)
    assert rollups(busy) == before


def test_the_time_to_an_acknowledgement_is_counted_taken_back_and_counted_anew(worklist, analyze, clock, today):
    for number, decision in enumerate((Decision.FLAGGED, Decision.FLAGGED, Decision.NOT_FLAGGED)):
        analyze(f"1.{number}", decision)
    clock.forward(100)
    for number in range(3):
        worklist.reader_actions.acknowledge(f"1.{number}", "anna")
    worklist.reader_actions.unacknowledge("1.0", "anna")
    stages = worklist.statistics.statistics(today, today).turnaround_seconds
    assert stages["acknowledgement"].count == 1, "what was not flagged is read in its turn"
    assert 140 < stages["acknowledgement"].p50 < 190
    before = rollups(worklist)
    with worklist.database.write() as session:
        recount(session)
    assert rollups(worklist) == before


def test_emptied_roll_ups_come_back_at_the_next_start(busy):
    before = rollups(busy)
    with busy.database.write() as session:
        session.query(DailyRow).delete()
    busy.prepare()
    assert rollups(busy) == before


def test_states_are_counted_as_they_are(busy, receive):
    receive(1, study="1.9", series="1.9.1")
    counts = busy.study_lists.counts()
    assert counts.studies == busy.study_details.studies_by_state() == {"analyzed": 5, "receiving": 1, "unsuitable": 1}
    assert counts.deliveries == {"delivered": 5}


def test_days_without_studies_are_there(worklist, analyze, today, clock):
    analyze("1.1")
    clock.forward(3 * 86400)
    analyze("1.2")
    later = datetime.fromtimestamp(clock()).date()
    days = [day.numbers for day in worklist.statistics.statistics(today, later).days]
    assert [day.arrivals for day in days] == [1, 0, 0, 1]
    assert days[1].positive_rate is None
    assert days[1].turnaround_seconds["total"] == Percentiles(0, None, None)


def test_the_days_of_a_long_period_tell_the_whole_turnaround_only(worklist, analyze, today):
    analyze("1.1")
    told = worklist.statistics.statistics(today - timedelta(days=200), today)
    assert set(told.days[-1].numbers.turnaround_seconds) == {"total"}
    assert told.turnaround_seconds["read"].count == told.totals.turnaround_seconds["read"].count == 1


@pytest.mark.parametrize("days", [-1, 3 * 366])
def test_a_period_has_an_end_after_its_beginning_and_is_bounded(worklist, days):
    with pytest.raises(InvalidInput, match="period"):
        worklist.statistics.statistics(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=days))


def test_percentiles_of_bins_are_near_those_of_the_durations(seed):
    rng = random.Random(seed)
    seconds = sorted(rng.lognormvariate(3, 1) for _ in range(2000))
    bins = Counter(map(duration_bin, seconds))
    told = duration_percentiles(bins, (0.5, 0.95))
    assert told == pytest.approx([seconds[1000], seconds[1900]], rel=0.1)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)]
)
def test_wilson_intervals_of_the_literature(hits, of, low, high):
    """81 of 263: Newcombe, Statistics in Medicine 17 (1998), table I."""
    interval = wilson(hits, of)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
    assert wilson(0, 0) is None


def test_drift_is_seen_when_there_is_some_and_not_when_studies_are_few():
    labels = ["a", "b"]
    same = drift_of({"a": 500, "b": 500}, {"a": 510, "b": 490}, labels)
    assert same.level == "stable"
    assert drift_of({"a": 500, "b": 500}, {"a": 900, "b": 100}, labels).level == "large"
    assert drift_of({"a": 5, "b": 5}, {"a": 9, "b": 1}, labels).level == "too_few"
    assert drift_of({}, {"a": 9}, labels).psi is None


def test_the_index_is_the_sum_it_is_defined_as():
    told = drift_of({"a": 799_999, "b": 199_999}, {"a": 599_999, "b": 399_999}, ["a", "b"])
    assert told.psi == pytest.approx(-0.2 * -0.28768 + 0.2 * 0.69315, abs=1e-4)


def test_a_new_scanner_is_drift_and_rare_ones_are_one():
    before = {"A": 900, **{f"rare {number}": 1 for number in range(100)}}
    told = mix_drift(before, {"A": 500, "NEW": 500})
    assert told.level == "large"
    assert len(told.labels) == 13
    assert sum(told.reference) == pytest.approx(1.0)


def test_drift_of_a_site(busy, today):
    told = busy.statistics.drift(today, today, today - timedelta(days=9), today - timedelta(days=1))
    assert told.scores.level == told.scanners.level == "too_few"
    assert told.scores.current_count == 5
