"""The statistics' page and its CSV."""

import csv
import io
import re

import pytest


def test_numbers_of_the_days_that_are_asked_for(site, analyzed, today):
    analyzed("1.2.1")
    analyzed("1.2.2", decision="not_flagged")
    site.worklist.people.judge("1.2.1", True, [], "person ray")
    browser = site.signed_in()
    page = browser.get(f"/statistics?from={today}&to={today}")
    assert page.status_code == 200
    assert "<strong>2</strong> analyzed" in page.text
    assert "<strong>1</strong> flagged (50 %)" in page.text
    assert "<strong>100 %</strong>" in page.text
    median = re.search(r">infer</th><td class=\"number\">([0-9.]+) s</td>", page.text)[1]
    assert float(median) == pytest.approx(2.0, rel=0.15), "of seconds in bins"
    [row] = csv.DictReader(io.StringIO(browser.get(f"/statistics.csv?from={today}&to={today}").text))
    assert (row["arrivals"], row["flagged"]) == ("2", "1")


def test_days_without_a_study_and_days_that_are_wrong(site):
    browser = site.signed_in()
    assert "No study was analyzed" in browser.get("/statistics").text
    assert browser.get("/statistics?from=2024-02-02&to=2024-01-01").status_code == 422
