"""The page that replays arrivals: real ones once there are enough, and it says which."""

from datetime import datetime

import pytest

from triage_node.web.pages import waiting_times


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
    assert page.text.count("1 studies") == 3


@pytest.mark.parametrize("query", ["readers=0", "readers=101", "minutes=0", "minutes=nan", "from=9999-12-31", "from=x"])
def test_nonsense_is_refused(site, query):
    assert site.signed_in().get(f"/waiting-times?{query}").status_code in (200, 422)
    assert site.signed_in().get("/waiting-times?minutes=inf").status_code == 422
