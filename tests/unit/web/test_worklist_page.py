"""The worklist's page: what it shows and hides, and that it follows the node while it is open."""

import csv
import http.client
import io
import json
import re
import threading
import time

import pytest

from triage_node.findings import ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.web.server import WebServer

SCRIPT = "<script>alert(1)</script>"


def test_the_page_shows_studies_in_reading_order_with_what_was_found(site, analyzed):
    analyzed("1.2.1", decision="not_flagged", patient_name="Quiet^One", station_name="CT1")
    analyzed("1.2.2", patient_name="Doe^Jane", study_description="Head native")
    page = site.signed_in().get("/worklist")
    assert page.status_code == 200
    assert page.text.index('data-uid="1.2.2"') < page.text.index('data-uid="1.2.1"')
    for shown in ("Doe, Jane", "Head native", "subdural", "90.0 %", "CT1", "badge-flagged"):
        assert shown in page.text


def test_an_empty_worklist_says_what_to_do(site):
    assert "The node takes head CTs as TRIAGE" in site.signed_in().get("/worklist").text
    assert "No study matches" in site.signed_in().get("/worklist?decision=flagged").text


def test_a_script_in_a_name_stays_text(site, analyzed):
    analyzed("1.2.1", patient_name=SCRIPT, patient_id=f"'\"{SCRIPT}", study_description=SCRIPT, station_name=SCRIPT)
    browser = site.signed_in()
    for path in ("/worklist", "/worklist?list=all", "/studies/1.2.1", f"/worklist?text={SCRIPT}"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in browser.get("/worklist").text


def test_no_page_needs_what_the_content_policy_forbids(site, analyzed):
    analyzed("1.2.1")
    browser = site.signed_in()
    for path in ("/worklist", "/studies/1.2.1"):
        text = browser.get(path).text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text


@pytest.mark.slow
def test_pages_follow_one_another(site, analyzed):
    for number in range(52):
        analyzed(f"1.2.{number}")
    browser = site.signed_in()
    first = browser.get("/worklist?state=analyzed").text
    following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert first.count("data-uid=") == 50
    second = browser.get(following).text
    assert second.count("data-uid=") == 2
    assert 'data-live=""' in second


@pytest.mark.slow
def test_the_worklist_is_a_file_too_with_every_row_and_nothing_a_spreadsheet_runs(site, analyzed):
    for number in range(205):
        analyzed(f"1.2.{number}", patient_name="=1+1")
    analyzed("1.3", decision="uncertain")
    browser = site.signed_in()
    assert 'href="/worklist.csv?decision=flagged"' in browser.get("/worklist?decision=flagged").text
    rows = list(csv.DictReader(io.StringIO(browser.get("/worklist.csv").text)))
    assert [row["study_instance_uid"] for row in rows] == [*(f"1.2.{number}" for number in range(205)), "1.3"]
    assert (rows[0]["patient_name"], rows[0]["flagged"], rows[0]["probability_any"]) == ("'=1+1", "subdural any", "0.9")
    [row] = csv.DictReader(io.StringIO(browser.get("/worklist.csv?list=all&decision=uncertain").text))
    assert row["study_instance_uid"] == "1.3"


def test_filters_of_the_form_are_understood_empty_or_not(site, analyzed):
    analyzed("1.2.1")
    analyzed("1.2.2", decision="uncertain")
    page = site.signed_in().get(
        "/worklist?list=open&decision=uncertain&hemorrhage=&state=&station=&acknowledged=&text="
    )
    assert 'data-uid="1.2.2"' in page.text
    assert 'data-uid="1.2.1"' not in page.text


def order(page) -> list[str]:
    return re.findall(r'data-uid="([^"]+)"', page.text)


def test_a_column_s_head_sorts_and_turns_the_list(site, analyzed):
    for uid, name in (("1.1", "Cole"), ("1.2", "adam"), ("1.3", "Berg")):
        analyzed(uid, "not_flagged", patient_name=name)
    browser = site.signed_in()
    own = browser.get("/worklist?station=")
    assert 'aria-sort="descending"><a href="/worklist?station="' in own.text
    assert '<a href="/worklist?station=&amp;sort=patient">Patient</a>' in own.text
    ascending = browser.get("/worklist?sort=patient")
    assert order(ascending) == ["1.2", "1.3", "1.1"]
    assert 'aria-sort="ascending"><a href="/worklist?sort=-patient">Patient</a>' in ascending.text
    assert order(browser.get("/worklist?sort=-patient")) == ["1.1", "1.3", "1.2"]
    assert browser.get("/worklist?sort=age").status_code == 422
    rows = csv.DictReader(io.StringIO(browser.get("/worklist.csv?sort=patient").text))
    assert [row["study_instance_uid"] for row in rows] == ["1.2", "1.3", "1.1"]


def test_all_studies_are_sorted_by_arrival_only(site, analyzed):
    for uid, name in (("1.1", "B"), ("1.2", "A")):
        analyzed(uid, patient_name=name)
    browser = site.signed_in()
    newest = browser.get("/worklist?list=all&sort=patient")
    assert order(newest) == ["1.2", "1.1"]
    assert 'aria-sort="descending"><a href="/worklist?list=all&amp;sort=arrival">Arrival</a>' in newest.text
    assert ">Patient</a>" not in newest.text.split("<tbody")[0]
    assert order(browser.get("/worklist?list=all&sort=arrival")) == ["1.1", "1.2"]
    assert "aria-sort" in browser.get("/worklist?list=all&text=a").text


def test_presets_are_lists_and_the_one_that_is_shown_is_marked(site, analyzed):
    analyzed("1.1")
    analyzed("1.2", "not_flagged")
    browser = site.signed_in()
    browser.submit("/studies/1.1/acknowledge")
    analyzed("1.3")
    links = re.search(r'class="presets".*?</nav>', browser.get("/worklist").text, re.DOTALL)[0]
    assert '<a href="/worklist" aria-current="true">To be read</a>' in links
    found = {}
    for address, title in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', links)[1:4]:
        page = browser.get(address.replace("&amp;", "&"))
        assert f'{address}" aria-current="true">{title}' in page.text
        found[title] = order(page)
    assert found == {"Flagged, not read": ["1.3"], "Today": ["1.3", "1.2", "1.1"], "Not analyzed": []}
    assert (
        '<option value="unsuitable,failed" selected>not analyzed'
        in browser.get("/worklist?state=unsuitable,failed").text
    )


def test_what_is_not_for_this_node_is_folded_away(site, analyzed, clock):
    analyzed("1.1")
    analyzed("1.2", register_only=True, modality="MR")
    clock.forward(61)
    site.worklist.study_completion.advance()
    claim = site.worklist.claims.claim("w")
    reasons = (Reason.of(ReasonCode.NOT_CT),)
    site.worklist.claims.finish(claim, Outcome(Status.UNSUITABLE, ModelIdentity("net", "1", "ab"), reasons=reasons), [])
    browser = site.signed_in()
    page = browser.get("/worklist")
    assert order(page) == ["1.1"]
    assert "<strong>1</strong> no head CT, show</a>" in page.text
    assert set(order(browser.get("/worklist?others=show"))) == {"1.1", "1.2"}
    assert 'name="others" value="show"' in browser.get("/worklist?others=show").text
    assert set(order(browser.get("/worklist?list=all"))) == {"1.1", "1.2"}
    assert re.search(r'id="others"[^>]* hidden', browser.get("/worklist?text=nobody").text)


def test_a_flagged_case_past_its_limit_is_marked(make_site, site, analyzed, clock):
    analyzed("1.1")
    analyzed("1.2", "not_flagged")
    browser = site.signed_in()
    clock.forward(site.settings.flagged_limit_minutes * 60 - 180)
    assert "past limit" not in browser.get("/worklist").text
    clock.forward(120)
    page = browser.get("/worklist").text
    assert page.count("past limit") == 1
    assert "not acknowledged within 30 min of its arrival" in page
    browser.submit("/studies/1.1/acknowledge")
    assert "past limit" not in browser.get("/worklist?list=all").text


def test_rows_lead_on_with_their_list(site, analyzed):
    analyzed("1.1")
    page = site.signed_in().get("/worklist?decision=flagged&sort=patient").text
    assert 'href="/studies/1.1?decision=flagged&amp;sort=patient"' in page


def test_a_study_that_is_acknowledged_leaves_the_list(site, analyzed):
    analyzed("1.2.1")
    browser = site.signed_in()
    answer = browser.submit("/studies/1.2.1/acknowledge", next="/worklist")
    assert (answer.status_code, answer.headers["location"]) == (303, "/worklist")
    assert 'data-uid="1.2.1"' not in browser.get("/worklist").text
    assert "read after" in browser.get("/worklist?list=all").text


@pytest.fixture
def open_stream(site):
    """Serve the application as the node does, and open the page's stream in a browser that is signed in."""
    server = WebServer(site.settings, site.worklist, site.spool, ingest=site.ingest)
    server.start()
    connections = []

    def open_stream(query: str = "", cookie: str | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connections.append(connection)
        cookie = cookie or f"triage={site.signed_in().cookies['triage']}"
        headers = {"Cookie": cookie, "Accept": "text/event-stream"}
        connection.request("GET", f"/worklist/live{query}", headers=headers)
        return connection.getresponse()

    yield open_stream
    for connection in connections:
        connection.close()
    server.stop()


def next_rows(stream) -> str:
    """Read lines until an event with rows ends."""
    lines: list[str] = []
    while True:
        line = stream.readline().decode().rstrip("\n")
        if line:
            lines.append(line)
        elif "event: rows" in lines:
            return "\n".join(lines)
        else:
            lines.clear()


def next_event(stream, name: str) -> str:
    """Read lines until an event of a name has come."""
    heard = ""
    while True:
        line = stream.readline().decode().rstrip("\n")
        if line.startswith("event: "):
            heard = line.removeprefix("event: ")
        elif heard == name and line.startswith("data: "):
            return line.removeprefix("data: ")


@pytest.mark.parametrize("names", [False, True])
def test_flagged_studies_are_told_whatever_is_listed_without_names_unless_the_site_allows(
    site, analyzed, open_stream, names
):
    object.__setattr__(site.settings, "notification_patient_names", names)
    analyzed("1.2.9")
    stream = open_stream("?text=nobody")
    assert next_event(stream, "others") == "0"
    [study] = json.loads(next_event(stream, "flagged"))
    assert study == {"uid": "1.2.9"} | ({"name": "Doe, Jane"} if names else {})


def test_a_finding_is_on_the_screen_within_a_second(site, analyzed, open_stream):
    stream = open_stream()
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert "data-uid" not in next_rows(stream)
    seen = []

    def read() -> None:
        while "badge-flagged" not in (rows := next_rows(stream)):
            pass
        seen.append((rows, time.monotonic()))

    reader = threading.Thread(target=read)
    analyzed("1.2.9", register_only=True)
    next_rows(stream)
    reader.start()
    analyzed("1.2.9", registered=True)
    finished = time.monotonic()
    reader.join(20)
    [(rows, at)] = seen
    assert 'data-uid="1.2.9"' in rows
    assert at - finished < 1.0


def test_a_stream_keeps_to_its_filters(site, analyzed, open_stream):
    stream = open_stream("?decision=flagged")
    next_rows(stream)
    analyzed("1.2.1", decision="not_flagged")
    analyzed("1.2.2", patient_name=f"{SCRIPT}\r\n\r\nevent: rows\r\ndata: forged")
    rows = next_rows(stream)
    assert 'data-uid="1.2.2"' in rows
    assert 'data-uid="1.2.1"' not in rows
    assert "<script>" not in rows
    assert "\ndata: data: forged" in rows, "a line of a name stays within the data"


def test_an_empty_list_is_an_event_that_browsers_take(site, analyzed, open_stream):
    analyzed("1.2.1")
    stream = open_stream()
    assert "data-uid" in next_rows(stream)
    site.worklist.reader_actions.acknowledge("1.2.1", "person ray")
    assert next_rows(stream) == "event: rows\ndata: "


def test_how_many_wait_is_kept_up_to_date(site, analyzed, open_stream):
    stream = open_stream("?text=nobody")
    next_rows(stream)
    analyzed("1.2.1")
    lines = iter(lambda: stream.readline().decode().rstrip("\n"), None)
    assert '"flagged": 1' in next(line for line in lines if line.startswith("data: {") and '"flagged": 0' not in line)


def test_a_stream_wants_a_session(site, open_stream):
    assert open_stream(cookie="triage=nonsense").status in (303, 401)
