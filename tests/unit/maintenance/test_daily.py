"""A time of the day: clock changes, summer time, windows."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from triage_node.endpoints import QuietHours
from triage_node.maintenance.daily import Daily

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone=BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, BERLIN).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("now", "done", "due"),
    [
        ("2026-06-10T01:29", "2026-06-09", None),
        ("2026-06-10T01:30", "2026-06-09", "2026-06-10"),
        ("2026-06-10T23:00", "2026-06-09", "2026-06-10"),
        ("2026-06-10T23:00", "2026-06-10", None),
        ("2026-06-20T00:30", "2026-06-01", "2026-06-19"),
    ],
    ids=["before its time", "at its time", "missed, and made up for", "done", "of many missed days the last one"],
)
def test_a_day_has_one_run(now, done, due):
    day = Daily(time(1, 30), BERLIN).due_day(at(now), date.fromisoformat(done))
    assert day == (due and date.fromisoformat(due))


def test_a_time_that_summer_time_leaves_out_or_doubles_comes_once():
    daily, hours = Daily(time(2, 30), BERLIN), 24 * 3 - 2
    for first in ("2026-03-28", "2026-10-24"):
        day, done, runs = date.fromisoformat(first), date.fromisoformat(first) - timedelta(days=1), []
        for minute in range(0, hours * 60, 10):
            now = daily.begins_at(day) + minute * 60
            if (due := daily.due_day(now, done)) is not None:
                runs.append(local(now))
                done = due
        assert [one[:10] for one in runs] == [(day + timedelta(days=n)).isoformat() for n in range(3)]
    assert local(daily.begins_at(date(2026, 3, 29))) == "2026-03-29T03:30+02:00"
    assert local(daily.begins_at(date(2026, 10, 25))) == "2026-10-25T02:30+02:00"


def test_a_window_that_was_missed_is_waited_for_again():
    daily = Daily.within(QuietHours.parse("23:00-05:00"), BERLIN)
    done = date(2026, 6, 9)
    assert daily.due_day(at("2026-06-11T04:59"), done) == date(2026, 6, 10)
    assert daily.due_day(at("2026-06-11T05:00"), done) is None
    assert local(daily.next_at(at("2026-06-11T05:00"), done)) == "2026-06-11T23:00+02:00"
    assert str(daily) == "23:00-05:00"


def test_the_next_run_is_now_while_one_is_due_and_at_the_next_time_after_it():
    daily, now = Daily(time(1, 30), BERLIN), at("2026-06-10T12:00")
    assert daily.next_at(now, date(2026, 6, 9)) == now
    assert local(daily.next_at(now, date(2026, 6, 10))) == "2026-06-11T01:30+02:00"


def test_a_clock_that_was_set_back_leads_to_no_second_run_and_to_no_year_without_one():
    daily = Daily(time(1, 30), UTC)
    ran = date(2026, 6, 10)
    an_hour_back = at("2026-06-10T00:40", UTC)
    assert daily.believed(an_hour_back, ran) == ran
    assert daily.due_day(an_hour_back, ran) is None
    assert daily.due_day(at("2026-06-10T01:40", UTC), ran) is None
    of_next_year = date(2027, 6, 10)
    believed = daily.believed(an_hour_back, of_next_year)
    assert believed == date(2026, 6, 9)
    assert daily.due_day(an_hour_back, believed) is None
    assert daily.due_day(at("2026-06-10T01:40", UTC), believed) == date(2026, 6, 10)
