"""Charts of few values show each of them, and paper is white whatever the screen is."""

import itertools
import time
from datetime import date, timedelta

import pytest
from browsers import Screen
from histories import Past, Study, fill
from sites import PASSWORD, READER, Site

from triage_node.findings import Decision
from triage_node.web.server import WebServer
from triage_node.worklist import ReceivedInstance

NOON = time.mktime((2026, 3, 10, 12, 0, 0, 0, 0, -1))
DECISIONS = (Decision.NOT_FLAGGED, Decision.FLAGGED, Decision.FLAGGED, Decision.UNCERTAIN)
numbers = itertools.count()

MARKS = """color => [...document.querySelectorAll(".plot-area canvas")].map(canvas => {
  const wanted = [1, 3, 5].map(at => parseInt(color.slice(at, at + 2), 16));
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let found = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 200 && wanted.every((value, number) => Math.abs(data[at + number] - value) < 8)) found += 1;
  return found; })"""
DARK = {"plot-1": "#8ab4f8", "plot-2": "#ffc857", "plot-4": "#ff8080"}
COMING = "#7fd49b"
LIGHT = {"plot-1": "#0b57c2", "plot-2": "#9a6000", "plot-4": "#b3121d"}


def coming(now: float) -> ReceivedInstance:
    """An image of a study that is not complete yet."""
    return ReceivedInstance(
        study_instance_uid="2.25.78", series_instance_uid="2.25.78.1", sop_instance_uid="2.25.78.1.1",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2", transfer_syntax_uid="1.2.840.10008.1.2.1", size_bytes=1000,
        received_at=now, modality="CT", eligible=True,
    )  # fmt: skip


@pytest.fixture
def chart(browser, make_settings, make_worklist):
    """Open statistics of studies that came on some days, in a browser in the dark."""
    opened = []

    def chart(*days: int, decisions=DECISIONS, path: str = "/statistics") -> Screen:
        past = Past(NOON)
        settings = make_settings()
        site = Site(settings, make_worklist(settings, past)).__enter__()
        for day in days:
            past.now = NOON + day * 86400
            fill(site.worklist, past, [Study(next(numbers), decision) for decision in decisions], 108)
        site.worklist.registration.register([coming(past())])
        site.worklist.queue_history.look()
        server = WebServer(settings, site.worklist, site.spool)
        server.start()
        screen = Screen.of(browser, server.address)
        opened.append((screen, server, site))
        screen.sign_in(READER, PASSWORD).page.wait_for_url("**/worklist")
        first = date.fromtimestamp(NOON)
        screen.page.goto(f"{path}?from={first}&to={first + timedelta(days=max(days))}")
        return screen

    yield chart
    for screen, server, site in opened:
        assert not screen.complaints
        screen.context.close()
        server.stop()
        site.__exit__(None, None, None)
        site.worklist.close()


def marks(screen, color):
    """How many pixels each plot has of a color."""
    return screen.page.evaluate(MARKS, color)


def test_a_single_day_has_a_mark_for_every_value(chart):
    screen = chart(0)
    throughput, rate, turnaround = ([marks(screen, DARK[name])[at] for name in DARK] for at in range(3))
    assert min(throughput) > 10, "arrived, uncertain and flagged"
    assert rate[2] > 10
    assert min(turnaround[:2]) > 10, "median and 95th percentile"


def test_a_rate_of_nothing_is_drawn_and_not_called_nothing(chart):
    screen = chart(0, decisions=(Decision.NOT_FLAGGED, Decision.NOT_FLAGGED))
    plot = screen.page.locator("figure", has_text="Positive rate")
    assert plot.get_by_text("Nothing in these days.").count() == 0
    assert marks(screen, DARK["plot-4"])[1] > 10


@pytest.mark.parametrize("days", [(0, 1), (0, 2), (0, 50), (0, 20, 100)])
def test_days_between_others_without_studies_are_seen(chart, days):
    screen = chart(*days)
    assert marks(screen, DARK["plot-4"])[1] > 10 * len(days)
    assert marks(screen, DARK["plot-1"])[2] > 10 * len(days)


def test_an_hour_alone_is_seen(chart):
    assert marks(chart(0), COMING)[3] > 10


@pytest.mark.parametrize("scheme", ["system", "chosen"])
def test_paper_is_white_in_the_dark_theme(chart, scheme):
    screen = chart(0)
    if scheme == "chosen":
        screen.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    screen.page.emulate_media(media="print")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert screen.page.evaluate(ground) == "rgb(255, 255, 255)"
    assert screen.page.evaluate("getComputedStyle(document.body).color") == "rgb(20, 24, 31)"
    for gone in ("nav[aria-label=Main]", ".user", ".toolbar", "button"):
        assert all(not one.is_visible() for one in screen.page.locator(gone).all()), gone
    screen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert marks(screen, LIGHT["plot-4"])[1] > 10, "plots, too, have the colors of paper"
    screen.page.emulate_media(media="screen")
    screen.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert marks(screen, DARK["plot-4"])[1] > 10
    assert screen.page.evaluate(ground) == "rgb(14, 17, 22)"


def test_a_printed_worklist_is_a_table_that_is_not_cut(chart):
    screen = chart(0)
    screen.page.goto("/worklist?list=all")
    screen.page.emulate_media(media="print")
    screen.page.set_viewport_size({"width": 718, "height": 1000})
    assert screen.page.locator("#worklist thead th").first.is_visible()
    box = "one => { const {left, right} = one.getBoundingClientRect(); return [left, right]; }"
    for cell in screen.page.locator("#worklist tr:first-child > *:visible").all():
        left, right = cell.evaluate(box)
        assert left >= 0
        assert right <= 718
    assert screen.page.pdf().startswith(b"%PDF")
