"""How long the queues were, hour by hour."""

from datetime import date, timedelta

import pytest

from triage_node.statistics import QueueLengths


@pytest.fixture
def history(worklist):
    return worklist.queue_history


def day_of(clock) -> date:
    return date.fromtimestamp(clock())


def known(rows):
    return [row for row in rows if row.waiting is not None]


def test_the_longest_queue_of_an_hour_is_kept(worklist, receive, history, clock):
    receive(1, study="1.2.1", series="1.2.1.1")
    history.look()
    clock.forward(61)
    worklist.study_completion.advance()
    receive(1, study="1.2.2", series="1.2.2.1")
    history.look()
    worklist.claims.claim("w")
    history.look()
    [hour] = known(history.history(day_of(clock), day_of(clock)))
    assert hour == QueueLengths(clock() // 3600 * 3600, receiving=1, waiting=1, reports=0)


def test_reports_on_their_way_are_a_queue(analyze, history, clock):
    analyze("1.2.1")
    history.look()
    assert known(history.history(day_of(clock), day_of(clock)))[0].reports == 1


def test_hours_in_which_nobody_looked_are_gaps_not_zeros(history, clock):
    history.look()
    clock.forward(2 * 3600)
    history.look()
    rows = history.history(day_of(clock) - timedelta(days=1), day_of(clock))
    assert [row.waiting for row in rows][-3:] == [0, None, 0]


def test_a_long_period_is_told_by_the_day(history, clock):
    history.look()
    rows = history.history(day_of(clock) - timedelta(days=99), day_of(clock))
    assert len(rows) == 100
    assert rows[-1].waiting == 0
    assert history.history(day_of(clock) + timedelta(days=1), day_of(clock) + timedelta(days=2)) == []
