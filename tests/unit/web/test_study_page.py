"""One study's page: what it says, and what people may do there."""

import re

import pytest
from sqlalchemy import update

from triage_node.database import DeliveryRow, DeliveryState, WaitsFor
from triage_node.reasons import Reason, ReasonCode


@pytest.fixture
def browser(site, analyzed):
    analyzed("1.2.1", patient_name="Doe^Jane", series_description="Head 5.0 H31s")
    return site.signed_in()


def test_the_page_says_what_was_found_when_and_where_it_went(site, browser):
    page = browser.get("/studies/1.2.1")
    assert page.status_code == 200
    for shown in ("Doe, Jane", "90.0 %", "Not for diagnosis", "study quiet", "PACS@127.0.0.1:1", "Head 5.0 H31s"):
        assert shown in page.text, shown
    assert site.worklist.audit_trail.latest()[0].action == "study_viewed"
    assert site.worklist.audit_trail.latest()[0].study_instance_uid == "1.2.1"


@pytest.mark.parametrize("decision", ["flagged", "uncertain"])
def test_a_caution_is_on_the_page_and_in_the_api(site, analyzed, decision):
    caution = Reason.of(ReasonCode.SLICES_MISSING, "48 mm between image 8 and image 19.")
    analyzed("1.2.3", decision, cautions=(caution,))
    browser = site.signed_in()
    assert caution.message in browser.get("/studies/1.2.3").text
    study = browser.get("/api/studies/1.2.3").json()
    assert study["reasons"] == [{"code": "slices_missing", "message": caution.message}]


def test_a_study_that_is_not_there_is_said_to_be_missing(browser):
    assert browser.get("/studies/9.9").status_code == 404


def test_a_study_without_an_answer_has_a_page_too(site, analyzed, browser):
    analyzed("1.2.2", register_only=True)
    assert "There is no answer yet" in browser.get("/studies/1.2.2").text


def test_a_reader_acknowledges_and_takes_it_back(site, browser):
    assert browser.submit("/studies/1.2.1/acknowledge").headers["location"] == "/studies/1.2.1"
    assert "Acknowledged by ray" in browser.get("/studies/1.2.1").text
    assert browser.submit("/studies/1.2.1/acknowledge").status_code == 409
    assert browser.submit("/studies/1.2.1/unacknowledge").status_code == 303
    assert site.worklist.study_details.study("1.2.1").acknowledged_at is None


def test_a_reader_comments_and_disagrees_with_the_types_they_see(site, browser):
    assert browser.submit("/studies/1.2.1/comment", text="<b>thin</b>\nleft").status_code == 303
    assert browser.submit("/studies/1.2.1/judge", agrees="false", types=["epidural"]).status_code == 303
    page = browser.get("/studies/1.2.1").text
    assert "&lt;b&gt;thin&lt;/b&gt;" in page
    assert "ray disagrees: epidural" in page
    assert browser.submit("/studies/1.2.1/comment", text="  ").status_code == 422
    assert browser.submit("/studies/1.2.1/judge", agrees="true", types=["nosebleed"]).status_code == 422


def test_the_flagged_types_are_marked_and_no_disagreement_names_them(site, browser):
    form = browser.get("/studies/1.2.1").text.split('action="/studies/1.2.1/judge"')[1].split("</form>")[0]
    assert re.findall(r'value="(\w+)" checked', form) == ["subdural"]
    refused = browser.submit("/studies/1.2.1/judge", agrees="false", types="subdural")
    assert refused.status_code == 422
    assert "who disagrees has seen others, or none" in refused.text
    assert site.worklist.study_details.study("1.2.1").verdict is None, "a mark left over is not another finding"
    assert browser.submit("/studies/1.2.1/judge", agrees="false").status_code == 303
    assert site.worklist.study_details.study("1.2.1").verdict.present is False


def test_a_study_keeps_the_list_it_was_opened_from(browser):
    page = browser.get("/studies/1.2.1?decision=flagged&sort=-patient").text
    assert 'href="/worklist?decision=flagged&amp;sort=-patient#at=1.2.1"' in page
    assert 'href="/studies/1.2.1/next?decision=flagged&amp;sort=-patient"' in page
    onward = re.search(r'name="next" value="([^"]+)"', page)[1].replace("&amp;", "&")
    assert browser.submit("/studies/1.2.1/acknowledge", next=onward).headers["location"] == onward


def test_the_next_study_follows_the_list_it_was_opened_from(site, analyzed):
    for uid, name, decision in (("1.1", "C", "flagged"), ("1.2", "A", "not_flagged"), ("1.3", "B", "flagged")):
        analyzed(uid, decision, patient_name=name)
    browser = site.signed_in()

    def following(uid, query):
        return browser.get(f"/studies/{uid}/next?{query}").headers["location"]

    assert following("1.2", "sort=patient") == "/studies/1.3?sort=patient"
    assert following("1.1", "decision=flagged") == "/studies/1.3?decision=flagged"
    assert following("1.3", "decision=flagged") == "/worklist?decision=flagged"
    assert following("1.3", "list=all") == "/studies/1.2?list=all"
    assert following("1.3", "list=all&sort=arrival") == "/worklist?list=all&sort=arrival"
    browser.submit("/studies/1.1/acknowledge")
    assert following("1.1", "") == "/studies/1.3", "it goes on where the study was"


def test_a_report_is_sent_again_and_a_study_analyzed_again(site, browser):
    [delivery] = site.worklist.study_details.study("1.2.1").deliveries
    chosen = {"destination": delivery.destination, "sop_instance_uid": delivery.sop_instance_uid}
    assert browser.submit("/studies/1.2.1/resend", **chosen).status_code == 409, "it is on its way"
    assert browser.submit("/studies/1.2.1/resend", **(chosen | {"destination": "X@h:1"})).status_code == 422
    assert browser.submit("/studies/1.2.1/requeue").status_code == 303
    assert site.worklist.study_details.study("1.2.1").state == "ready"
    actors = {event.actor for event in site.worklist.study_details.study("1.2.1").events}
    assert "person ray" in actors


@pytest.mark.parametrize("action", ["acknowledge", "unacknowledge", "comment", "judge", "requeue", "resend"])
def test_nothing_is_done_without_the_forms_token(site, browser, action):
    answer = browser.post(f"/studies/1.2.1/{action}", data={"text": "x", "agrees": "true"})
    assert answer.status_code == 403
    assert site.worklist.study_details.study("1.2.1").comments == []


def test_nobody_is_led_to_another_site(browser):
    answer = browser.submit("/studies/1.2.1/acknowledge", next="https://evil.example/")
    assert answer.headers["location"] == "/"


def test_the_study_opens_in_the_hospitals_viewer(make_site):
    template = "https://viewer.example/?StudyInstanceUIDs={study_instance_uid}"
    site = make_site(viewer_url_template=template)
    assert site.settings.viewer_url_template == template
    with pytest.raises(Exception, match="viewer_url_template"):
        make_site(viewer_url_template="javascript://x/{study_instance_uid}")


def test_the_next_study_follows_the_reading_order(site, analyzed):
    analyzed("1.2.1", decision="not_flagged")
    analyzed("1.2.2")
    browser = site.signed_in()
    places = {uid: browser.get(f"/studies/{uid}/next").headers["location"] for uid in ("1.2.2", "1.2.1", "1.2.9")}
    assert places == {"1.2.2": "/studies/1.2.1", "1.2.1": "/worklist", "1.2.9": "/studies/1.2.2"}


def test_what_is_to_be_sent_later_says_what_it_waits_for_and_a_reader_ends_the_waiting(site, browser):
    with site.worklist.database.write() as session:
        waits = {"state": DeliveryState.SCHEDULED, "waits_for": WaitsFor.ACKNOWLEDGEMENT, "escalation": True}
        session.execute(update(DeliveryRow).values(waits))
    assert "waits for acknowledgement" in browser.get("/studies/1.2.1").text
    assert browser.get("/api/studies/1.2.1").json()["deliveries"][0]["waits_for"] == "acknowledgement"
    browser.submit("/studies/1.2.1/acknowledge")
    page = browser.get("/studies/1.2.1").text
    assert "badge-canceled" in page
    assert "s after it was flagged" in page
    assert "Send again" in page, "a person may want it told all the same"
