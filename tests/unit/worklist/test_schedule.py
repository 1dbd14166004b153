"""What waits for the end of quiet hours or for an acknowledgement, what goes then, and what never does."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from triage_node.database import DeliveryState
from triage_node.findings import Decision
from triage_node.worklist import Worklist

BERLIN = ZoneInfo("Europe/Berlin")
MAIL = {"url": "smtps://h", "mail_from": "a@b.c", "mail_to": ["d@e.f"], "rules": [{}]}


def tables(options):
    return [MAIL | {"name": name, "rules": [{}]} | more for name, more in options.items()]


class Steady:
    """A clock that nobody can set, beside the wall clock of the test."""

    def __init__(self) -> None:
        self.now = 77.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def steady():
    return Steady()


@pytest.fixture
def make(make_settings, make_worklist, clock, steady, database_url):
    """Open a worklist whose destinations have some options."""
    opened = []

    def make(**options):
        settings = make_settings(
            series_quiet_seconds=20,
            study_quiet_seconds=60,
            timezone="Europe/Berlin",
            database_url=database_url,
            destinations=tables(options),
        )
        is_there = (settings.data_dir / "worklist.sqlite").exists() or opened
        open_it = Worklist if is_there else make_worklist
        opened.append(open_it(settings, clock, steady))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def worklist(make):
    """Destinations that are told in the day, at night what is flagged, unless somebody acknowledges, and at once."""
    return make(
        day={"quiet_hours": "22:00-06:00"},
        urgent={"quiet_hours": "22:00-06:00", "quiet_hours_except_flagged": True},
        senior={"escalate_after_minutes": 10},
        pacs={},
    )


@pytest.fixture
def go_on(clock, steady):
    def go_on(seconds: float) -> None:
        clock.forward(seconds)
        steady.now += seconds

    return go_on


@pytest.fixture
def finish(worklist, receive, clock, steady, go_on, flagged):
    """Have a study analyzed at a time of the day in Berlin."""

    def finish(uid: str, *names: str, at: str = "", decision=Decision.FLAGGED, number: int = 1) -> None:
        receive(number, study=uid, series=f"{uid}.1")
        for _ in range(7):
            go_on(10)
            worklist.study_completion.advance()
        if at:
            clock.forward(datetime.fromisoformat(f"2026-05-04T{at}").replace(tzinfo=BERLIN).timestamp() - clock())
        outcome = replace(
            flagged,
            series_instance_uid=f"{uid}.1",
            decision=decision,
            flagged=flagged.flagged if decision is Decision.FLAGGED else (),
            report_sop_instance_uid=f"2.25.{uid.replace('.', '')}{number}",
        )
        claim = worklist.claims.claim("w")
        assert claim is not None
        assert worklist.claims.finish(claim, outcome, names)

    return finish


def sent(worklist, name):
    """Deliver everything that may go now, as a dispatcher does, and return the reports."""
    worklist.schedule.keep(name)
    found = []
    while (delivery := worklist.outbox.claim_next(name)) is not None:
        worklist.outbox.delivered(delivery, "told")
        found.append(delivery.sop_instance_uid)
    return found


def delivery(worklist, uid, name):
    [found] = [one for one in worklist.study_details.study(uid).deliveries if one.destination == name]
    return found


def events(worklist, uid, code):
    return [one.message for one in worklist.study_details.study(uid).events if one.code == code]


def test_what_falls_into_quiet_hours_goes_in_its_order_when_they_end(worklist, finish, go_on):
    finish("1.1", "day", "pacs", at="21:59:00")
    assert sent(worklist, "day") == ["2.25.111"]
    for number, at in ((2, "22:00:00"), (3, "23:30:00")):
        finish(f"1.{number}", "day", "pacs", at=at)
        assert sent(worklist, "day") == []
    assert sent(worklist, "pacs") == ["2.25.111", "2.25.121", "2.25.131"], "reports go always"
    waiting = delivery(worklist, "1.2", "day")
    assert (waiting.state, waiting.waits_for, waiting.attempts) == (DeliveryState.SCHEDULED, "quiet_hours", 0)
    assert events(worklist, "1.2", "delivery_scheduled") == ["day: quiet hours 22:00-06:00"]
    [state] = worklist.outbox_state.destinations(("day",))
    assert (state.scheduled, state.waiting, state.waiting_seconds) == (2, 0, None), "nobody need look for that"
    go_on(6.4 * 3600)
    assert sent(worklist, "day") == []
    go_on(0.2 * 3600)
    assert sent(worklist, "day") == ["2.25.121", "2.25.131"]
    assert sent(worklist, "day") == []


def test_what_was_refused_in_the_evening_is_not_tried_again_at_night(worklist, finish, go_on):
    finish("1.1", "day", at="21:59:30")
    worklist.schedule.keep("day")
    worklist.outbox.retry(worklist.outbox.claim_next("day"), 60, "busy")
    go_on(120)
    assert sent(worklist, "day") == []
    assert delivery(worklist, "1.1", "day").waits_for == "quiet_hours"
    assert worklist.outbox.recover() == 0
    assert sent(worklist, "day") == [], "not after a start of the node either"
    go_on(8 * 3600)
    assert sent(worklist, "day") == ["2.25.111"]


def test_what_is_flagged_may_break_quiet_hours(worklist, finish, go_on):
    finish("1.1", "urgent", at="23:00:00")
    assert sent(worklist, "urgent") == ["2.25.111"]
    finish("1.2", "urgent", decision=Decision.NOT_FLAGGED)
    assert sent(worklist, "urgent") == []
    go_on(7 * 3600)
    assert sent(worklist, "urgent") == ["2.25.121"]


def test_a_night_counts_for_no_statistics_of_deliveries(worklist, finish, go_on):
    finish("1.1", "day", at="23:00:00")
    go_on(7 * 3600)
    sent(worklist, "day")
    today = datetime.fromtimestamp(worklist.audit_trail.clock(), BERLIN).date()
    found = worklist.statistics.statistics(today, today)
    assert found.turnaround_seconds["delivery"].p95 < 60


def test_somebody_is_told_when_nobody_has_acknowledged_in_time_and_not_before(worklist, finish, go_on):
    finish("1.1", "senior", "pacs", at="12:00:00")
    assert sent(worklist, "pacs") == ["2.25.111"]
    waiting = delivery(worklist, "1.1", "senior")
    assert (waiting.state, waiting.waits_for, waiting.escalation) == (DeliveryState.SCHEDULED, "acknowledgement", True)
    assert waiting.next_attempt_at - waiting.created_at == 600
    for _ in range(59):
        assert sent(worklist, "senior") == []
        go_on(10)
    assert worklist.outbox.recover() == 0
    worklist.outbox.hasten("senior")
    assert sent(worklist, "senior") == []
    go_on(10)
    assert sent(worklist, "senior") == ["2.25.111"]
    worklist.reader_actions.acknowledge("1.1", "ray")
    assert delivery(worklist, "1.1", "senior").state == DeliveryState.DELIVERED


def test_an_acknowledgement_cancels_what_would_be_told_and_is_timed(worklist, finish, go_on, clock):
    finish("1.1", "senior", at="12:00:00")
    sent(worklist, "senior")
    go_on(95)
    worklist.reader_actions.acknowledge("1.1", "ray")
    assert delivery(worklist, "1.1", "senior").state == DeliveryState.CANCELED
    assert events(worklist, "1.1", "delivery_canceled") == ["senior: the study was acknowledged"]
    assert events(worklist, "1.1", "acknowledged") == ["95 s after it was flagged"]
    for _ in range(10):
        go_on(600)
        assert sent(worklist, "senior") == []
    today = datetime.fromtimestamp(clock(), BERLIN).date()
    found = worklist.statistics.statistics(today, today).turnaround_seconds["acknowledgement"]
    assert (found.count, 80 < found.p50 < 110) == (1, True)


def test_an_acknowledgement_comes_in_time_while_the_destination_is_down(worklist, finish, go_on):
    finish("1.1", "senior", at="12:00:00")
    sent(worklist, "senior")
    go_on(600)
    worklist.schedule.keep("senior")
    trying = worklist.outbox.claim_next("senior")
    worklist.reader_actions.acknowledge("1.1", "ray")
    worklist.outbox.retry(trying, 5, "down")
    go_on(10)
    assert sent(worklist, "senior") == []
    assert delivery(worklist, "1.1", "senior").state == DeliveryState.CANCELED


def test_an_acknowledgement_that_is_taken_back_begins_the_time_anew(worklist, finish, go_on):
    finish("1.1", "senior", at="12:00:00")
    sent(worklist, "senior")
    go_on(500)
    worklist.reader_actions.acknowledge("1.1", "ray")
    go_on(500)
    worklist.reader_actions.unacknowledge("1.1", "ray")
    assert sent(worklist, "senior") == []
    go_on(590)
    assert sent(worklist, "senior") == []
    go_on(20)
    assert sent(worklist, "senior") == ["2.25.111"]


def test_a_later_report_takes_the_place_of_an_earlier_one_and_its_time(worklist, finish, go_on):
    finish("1.1", "senior", at="12:00:00")
    sent(worklist, "senior")
    go_on(400)
    finish("1.1", "senior", number=2)
    sent(worklist, "senior")
    states = {one.sop_instance_uid: one.state for one in worklist.study_details.study("1.1").deliveries}
    assert states == {"2.25.111": DeliveryState.CANCELED, "2.25.112": DeliveryState.SCHEDULED}
    go_on(100)
    assert sent(worklist, "senior") == []
    go_on(50)
    assert sent(worklist, "senior") == ["2.25.112"], "ten minutes after it was flagged first"


@pytest.mark.parametrize("jump", [-40 * 86400.0, -3600.0, 3600.0, 40 * 86400.0])
def test_a_clock_that_is_set_neither_hastens_nor_delays_an_escalation(worklist, finish, go_on, clock, jump):
    finish("1.1", "senior", at="12:00:00")
    sent(worklist, "senior")
    go_on(300)
    clock.forward(jump)
    sent(worklist, "senior")
    worklist.clock_change.follow(jump)
    go_on(290)
    assert sent(worklist, "senior") == []
    go_on(20)
    assert sent(worklist, "senior") == ["2.25.111"]


def test_a_person_may_have_sent_what_was_canceled(worklist, finish, go_on):
    finish("1.1", "senior", at="12:00:00")
    worklist.reader_actions.acknowledge("1.1", "ray")
    worklist.resending.resend_one("1.1", "senior", "2.25.111", "ada")
    assert sent(worklist, "senior") == ["2.25.111"]


def test_a_study_that_was_acknowledged_before_it_was_read_again_is_told_to_nobody(worklist, finish, go_on):
    finish("1.1", "senior", at="12:00:00")
    worklist.reader_actions.acknowledge("1.1", "ray")
    finish("1.1", "senior", number=2)
    go_on(600)
    assert sent(worklist, "senior") == []
    assert {one.state for one in worklist.study_details.study("1.1").deliveries} == {DeliveryState.CANCELED}


def test_what_waits_goes_when_the_settings_do_not_want_it_to_wait_any_more(worklist, make, finish):
    finish("1.1", "day", "senior", at="23:00:00")
    again = make(senior={"quiet_hours": "09:00-10:00"}, day={})
    again.outbox.recover()
    again.schedule.recover()
    assert sent(again, "day") == sent(again, "senior") == ["2.25.111"]


def test_what_waits_goes_when_settings_that_are_read_anew_do_not_want_it_to_wait(worklist, make_settings, finish):
    finish("1.1", "day", "urgent", at="23:00:00", decision=Decision.UNCERTAIN)
    worklist.use(make_settings(destinations=tables({"day": {}, "urgent": {"quiet_hours": "22:00-06:00"}})))
    worklist.schedule.recover()
    assert sent(worklist, "day") == ["2.25.111"]
    assert sent(worklist, "urgent") == []


def test_the_time_without_an_acknowledgement_goes_on_when_settings_are_read_anew(
    worklist, make_settings, finish, go_on, clock
):
    finish("1.1", "senior", at="12:00:00")
    for _ in range(59):
        assert sent(worklist, "senior") == []
        go_on(10)
    clock.forward(-3000)
    worklist.use(make_settings(destinations=tables({"senior": {"escalate_after_minutes": 10}})))
    worklist.schedule.recover()
    assert sent(worklist, "senior") == []
    go_on(10)
    assert sent(worklist, "senior") == ["2.25.111"]


def test_what_waits_for_a_destination_that_is_gone_stays_as_other_reports_do(worklist, make, finish):
    finish("1.1", "day", at="23:00:00")
    again = make(pacs={})
    again.schedule.recover()
    assert [state.scheduled for state in again.outbox_state.destinations(()) if state.destination == "day"] == [1]
