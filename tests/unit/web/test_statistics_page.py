"""The statistics' page and its CSV."""

import csv
import html
import io
import json
import re
from datetime import date, timedelta

import pytest


def test_numbers_of_the_days_that_are_asked_for(site, analyzed, today):
    analyzed("1.2.1")
    analyzed("1.2.2", decision="not_flagged")
    site.worklist.reader_actions.give_verdict("1.2.1", True, [], "person ray")
    browser = site.signed_in()
    page = browser.get(f"/statistics?from={today}&to={today}")
    assert page.status_code == 200
    assert "<strong>2</strong> analyzed" in page.text
    assert "<strong>1</strong> flagged (50 %)" in page.text
    assert "<strong>100 %</strong>" in page.text
    median = re.search(r">the model</th><td class=\"number\">([0-9.]+) s</td>", page.text)[1]
    assert float(median) == pytest.approx(2.0, rel=0.15), "of seconds in bins"
    [row] = csv.DictReader(io.StringIO(browser.get(f"/statistics.csv?from={today}&to={today}").text))
    assert (row["arrivals"], row["flagged"]) == ("2", "1")


def test_days_without_a_study_and_days_that_are_wrong(site):
    browser = site.signed_in()
    assert "No study was analyzed" in browser.get("/statistics").text
    assert browser.get("/statistics?from=2024-02-02&to=2024-01-01").status_code == 422


def test_every_plot_has_a_table_and_every_table_a_csv(site, analyzed, today):
    analyzed("1.2.1", scanner="=cmd|' /C calc'!A0")
    site.worklist.queue_history.look()
    browser = site.signed_in()
    page = browser.get(f"/statistics?from={today}&to={today}&stage=infer").text
    assert page.count("data-plot=") == page.count("As a table") == 5
    assert "Turnaround, the model" in page
    drawing = json.loads(html.unescape(re.search(r'data-plot="([^"]+)"', page)[1]))
    assert [line["name"] for line in drawing["lines"]] == ["arrived", "flagged", "uncertain", "failed"]
    assert drawing["lines"][0]["values"] == [1]
    for name in ("turnaround", "reasons", "queues", "scores", "scanners", "agreement"):
        answer = browser.get(f"/statistics/{name}.csv?from={today}&to={today}")
        assert answer.status_code == 200, name
        assert f"/statistics/{name}.csv" in page
        head, *rows = csv.reader(io.StringIO(answer.text))
        assert all(len(row) == len(head) for row in rows), name
    [[scanner, share, before]] = csv.reader(
        browser.get(f"/statistics/scanners.csv?from={today}&to={today}").text.splitlines()[1:]
    )
    assert scanner.startswith("'="), "a spreadsheet would run it"
    assert (share, before) == ("1.0", "0.0")
    assert browser.get("/statistics/people.csv").status_code == 422


def test_drift_and_queues_are_in_the_api_too(site, analyzed, today):
    analyzed("1.2.1")
    site.worklist.queue_history.look()
    numbers = site.program().get(f"/api/stats?from={today}&to={today}").json()
    assert numbers["drift"]["scores"]["level"] == "too_few"
    assert [queue["reports"] for queue in numbers["queues"] if queue["reports"] is not None] == [1]
    assert numbers["now"]["open"] == 1


def test_long_periods_are_told_by_week_and_by_month_and_stay_small(site, analyzed, today, clock):
    analyzed("1.2.1")
    day = date.fromisoformat(today)
    browser = site.signed_in()
    for days, step in ((92, "day"), (93, "week"), (366, "week"), (367, "month"), (1098, "month")):
        first = day - timedelta(days=days - 1)
        page = browser.get(f"/statistics?from={first}&to={day}").text
        drawing = json.loads(html.unescape(re.search(r'data-plot="([^"]+)"', page)[1]))
        assert sum(value or 0 for value in drawing["lines"][0]["values"]) == 1, "each study counts once"
        assert f"Studies a {step}" in page
        assert len(drawing["places"]) <= 92
        assert page.count("<") / 2 < 3500


def test_weeks_begin_on_monday_and_months_on_their_first_day(site, analyzed, today):
    analyzed("1.2.1")
    program, day = site.program(), date.fromisoformat(today)
    for step, first in (("week", day - timedelta(days=day.weekday())), ("month", day.replace(day=1)), ("day", day)):
        days = program.get(f"/api/stats?from={today}&to={today}&step={step}").json()["days"]
        assert [(one["day"], one["arrivals"]) for one in days] == [(first.isoformat(), 1)]
    assert program.get("/api/stats?step=year").status_code == 422


def test_the_median_of_a_month_is_that_of_all_its_studies(site, analyzed, clock, today):
    for number in range(3):
        analyzed(f"1.2.{number}")
    program, day = site.program(), date.fromisoformat(today)
    numbers = program.get(f"/api/stats?from={day.replace(day=1)}&to={day + timedelta(days=1)}&step=month").json()
    total = sum(one["turnaround_seconds"]["total"]["count"] for one in numbers["days"])
    assert total == numbers["turnaround_seconds"]["total"]["count"] == 3


def test_presets_lead_to_their_periods_and_how_long_flagged_studies_wait_is_told(site, analyzed, clock):
    analyzed("1.2.1")
    clock.forward(600)
    site.worklist.reader_actions.acknowledge("1.2.1", "person ray")
    day = date.fromtimestamp(clock())
    page = site.signed_in().get(f"/statistics?from={day - timedelta(days=6)}&to={day}").text
    assert "flagged to acknowledged, median of 1" in page
    for words in ("7 days", "30 days", "90 days", "12 months", "3 years"):
        assert f">{words}</a>" in page


def test_a_month_on_paper_stands_beside_the_month_before(site, analyzed, today):
    analyzed("1.2.1")
    analyzed("1.2.2", decision="not_flagged")
    browser, day = site.signed_in(), date.fromisoformat(today)
    page = browser.get(f"/statistics/month?month={day:%Y-%m}").text
    assert f"{day:%B %Y}" in page
    assert '<th scope="row">arrived</th><td class="number">2</td><td class="number">0</td>' in page
    following = (day.replace(day=1) + timedelta(days=32)).strftime("%Y-%m")
    assert (
        '<th scope="row">arrived</th><td class="number">0</td><td class="number">2</td>'
        in browser.get(f"/statistics/month?month={following}").text
    )
    assert browser.get("/statistics/month").status_code == 200


@pytest.mark.parametrize("month", ["2026-13", "2026", "x", "0000-01", "9999-12", "1000-01"])
def test_a_month_that_is_none_is_refused(site, month):
    assert site.signed_in().get(f"/statistics/month?month={month}").status_code == 422
