"""The statistics' page and its CSV."""

import csv
import html
import io
import json
import re

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
    median = re.search(r">infer</th><td class=\"number\">([0-9.]+) s</td>", page.text)[1]
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
    assert "Turnaround, infer" in page
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
