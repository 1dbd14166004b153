"""The page that replays arrivals: real ones once there are enough, and it says which."""

import re
from datetime import datetime

import pytest

from triage_node.statistics import Reading, compare, synthetic_arrivals
from triage_node.web.pages import waiting_times
from triage_node.web.views.templating import duration


def test_few_studies_are_replaced_by_made_up_ones_and_that_is_said(site):
    page = site.signed_in().get("/waiting-times")
    assert page.status_code == 200
    assert "made-up arrivals of 30 days" in page.text
    assert "in the reading order" in page.text


def test_real_arrivals_are_replayed_with_the_readers_asked_for(site, analyzed, clock, today, monkeypatch):
    monkeypatch.setattr(waiting_times, "FEWEST_STUDIES", 3)
    for number, decision in enumerate(("not_flagged", "uncertain", "flagged")):
        analyzed(f"1.2.{number}", decision=decision)
    end = datetime.fromtimestamp(clock()).date().isoformat()
    page = site.signed_in().get(f"/waiting-times?from={today}&to={end}&readers=2&minutes=30")
    assert "the 3 real arrivals" in page.text
    assert page.text.count("1 study<") == 3


def test_the_usual_load_shows_what_the_order_does_in_one_line(site):
    page = site.signed_in().get("/waiting-times").text
    said = re.search(r"Flagged: (\d+) min instead of (\d+) h (\d+) min", page)
    assert said, "a busy department"
    ranked, by_arrival = int(said[1]), int(said[2]) * 60 + int(said[3])
    assert by_arrival > 5 * ranked
    assert "Overloaded" not in page


def test_the_line_is_that_of_the_replay(site):
    made_up = synthetic_arrivals(**waiting_times.MADE_UP, seed=waiting_times.SEED)
    reading = Reading(1, 12 * 60.0, maximum_wait_seconds=site.settings.maximum_wait_minutes * 60)
    waits = compare(made_up, reading, waiting_times.SEED)
    page = site.signed_in().get("/waiting-times?minutes=12").text
    ranked, fifo = (duration(one["flagged"].p50) for one in (waits.ranked, waits.fifo))
    assert f"Flagged: {ranked} instead of {fifo}" in page


def test_readers_who_cannot_keep_up_are_said_to_be_overloaded(site):
    browser = site.signed_in()
    page = browser.get("/waiting-times?minutes=25").text
    assert "Overloaded" in page
    assert "120 % of the readers" in page or "121 % of the readers" in page or "119 % of the readers" in page
    assert "Overloaded" not in browser.get("/waiting-times?minutes=25&readers=2").text


@pytest.mark.parametrize("query", ["readers=0", "readers=101", "minutes=0", "minutes=nan", "from=9999-12-31", "from=x"])
def test_nonsense_is_refused(site, query):
    assert site.signed_in().get(f"/waiting-times?{query}").status_code in (200, 422)
    assert site.signed_in().get("/waiting-times?minutes=inf").status_code == 422
