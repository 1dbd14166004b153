"""Who sends and what was refused, on the page, in its file and in the API."""

import csv
import io

import pytest
from sites import ADMINISTRATOR, READER

from triage_node.ingest import REFUSAL_REASONS, Sender
from triage_node.instrumentation import AssociationRefusal
from triage_node.worklist import ASSOCIATIONS, INSTANCES, SenderCount
from triage_node.worklist.senders.advice import ADVICE


@pytest.fixture
def site(site, clock):
    at = clock() - 7200
    site.worklist.sender_counts.add(
        [
            SenderCount("CT1", "10.0.0.1", INSTANCES, 1234, at),
            SenderCount("CT1", "10.0.0.1", ASSOCIATIONS, 6, at),
            SenderCount("CT2", "10.0.0.2", "calling_ae_title", 17, at, "its AE title is not on the allow list"),
            SenderCount("", "192.0.2.7", "address", 3, at + 1, "its address is not on the allow list"),
            SenderCount("<b>X", "10.0.0.9", "disk_full", 1, at),
        ]
    )
    return site


def test_the_page_says_who_sent_last_and_why_others_were_refused(site):
    page = site.signed_in(ADMINISTRATOR).get("/admin/senders").text
    for shown in ("CT1", "1,234", "AE title not allowed", "17 times today", "allowed_peers", "192.0.2.7", "&lt;b&gt;X"):
        assert shown in page, shown
    assert page.index("192.0.2.7") < page.index("10.0.0.1"), "who was seen last comes first"


def test_a_sender_is_found_by_a_part_of_its_name_or_address(site):
    browser = site.signed_in(ADMINISTRATOR)
    assert "CT2" not in (found := browser.get("/admin/senders?who=ct1").text)
    assert "10.0.0.1" in found
    assert "CT2" in browser.get("/admin/senders?who=10.0.0.2").text


def test_of_a_sender_that_never_came_it_is_said_that_nothing_of_it_reached_the_node(site):
    page = site.signed_in(ADMINISTRATOR).get("/admin/senders?who=CT9").text
    assert "Nothing of CT9 has reached this node" in page


def test_a_refusal_is_red_until_the_sender_is_let_in(site, clock):
    browser = site.signed_in(ADMINISTRATOR)
    assert "badge-ill" in browser.get("/admin/senders?who=CT2").text
    site.worklist.sender_counts.add([SenderCount("CT2", "10.0.0.2", ASSOCIATIONS, 1, clock())])
    page = browser.get("/admin/senders?who=CT2").text
    assert "badge-ill" not in page
    assert "AE title not allowed" in page


def test_the_api_and_the_file_say_the_same(site):
    found = {one["address"]: one for one in site.program().get("/api/senders").json()}
    assert (found["10.0.0.1"]["instances"], found["10.0.0.1"]["associations"]) == (1234, 6)
    [refusal] = found["10.0.0.2"]["refusals"]
    assert (refusal["reason"], refusal["number"]) == ("calling_ae_title", 17)
    lines = list(csv.DictReader(io.StringIO(site.signed_in(ADMINISTRATOR).get("/admin/senders.csv?who=CT2").text)))
    assert {line["counted"]: line["number"] for line in lines} == {
        "instances": "0",
        "associations": "0",
        "refused: calling_ae_title": "17",
    }


def test_the_page_is_for_administrators(site):
    assert site.signed_in(READER).get("/admin/senders").status_code == 403
    assert site.browser().get("/api/senders").status_code == 401


def test_every_reason_has_words_and_a_way_out():
    assert {*map(str, AssociationRefusal), *REFUSAL_REASONS} == set(ADVICE)
    assert all(one.words and one.way_out for one in ADVICE.values())


def test_what_a_program_stores_is_counted_under_its_name(site):
    site.ingest.senders.note(Sender("loader", "10.1.1.1"), INSTANCES)
    site.ingest.write_senders()
    assert any(one["ae_title"] == "loader" for one in site.program().get("/api/senders").json())
