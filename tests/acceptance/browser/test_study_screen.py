"""A study as a radiologist sees it: the slices, what is said, and what may be done."""

import time

import pytest
from browsers import Screen
from ct import head_ct, save
from pacs import Storescp
from playwright.sync_api import expect

BRIGHT = """() => { const canvas = document.querySelector(".viewer-stage canvas");
const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
let sum = 0; for (let i = 0; i < data.length; i += 4) sum += data[i]; return sum / (data.length / 4); }"""


@pytest.fixture
def study(screen, ward, wait_for) -> Screen:
    screen.page.goto(f"/studies/{ward.flagged}")
    screen.page.locator(".viewer-place").get_by_text("/ 32").wait_for()
    wait_for(lambda: screen.page.evaluate(BRIGHT) > 0, "the slice is drawn")
    return screen


def place(screen) -> int:
    return int(screen.page.locator(".viewer-place").inner_text().split("/")[0])


def test_it_opens_at_the_slice_that_matters_most(study):
    best = place(study)
    study.page.get_by_role("button", name=f"any hemorrhage: slice {best} of 32").wait_for()
    study.page.keyboard.press("Home")
    expect(study.page.locator(".viewer-place")).to_contain_text("1 / 32")
    study.page.keyboard.press("b")
    expect(study.page.locator(".viewer-place")).to_contain_text(f"{best} / 32")


def test_slices_are_turned_by_wheel_keys_and_strip(study):
    canvas, where = study.page.locator(".viewer-stage canvas"), study.page.locator(".viewer-place")
    canvas.click()
    study.page.keyboard.press("Home")
    study.page.keyboard.press("ArrowUp")
    study.page.keyboard.press("PageUp")
    expect(where).to_contain_text("7 / 32")
    canvas.hover()
    study.page.mouse.wheel(0, -90)
    expect(where).to_contain_text("10 / 32")
    study.page.keyboard.press("End")
    expect(where).to_contain_text("32 / 32")
    box = study.page.locator(".strip").bounding_box()
    study.page.mouse.click(box["x"] + 10, box["y"] + box["height"] / 2)
    assert place(study) in (16, 17)


def test_windows_change_the_picture(study):
    brain = study.page.evaluate(BRIGHT)
    seen = {round(brain, 1)}
    for key, text in (("2", "C 75 W 215"), ("3", "C 600 W 2800")):
        study.page.keyboard.press(key)
        expect(study.page.locator(".viewer-window")).to_have_text(text)
        seen.add(round(study.page.evaluate(BRIGHT), 1))
    assert len(seen) == 3
    study.page.get_by_role("button", name="Brain").click()
    assert study.page.evaluate(BRIGHT) == brain
    box = study.page.locator(".viewer-stage canvas").bounding_box()
    study.page.mouse.move(box["x"] + 100, box["y"] + 100)
    study.page.mouse.down()
    study.page.mouse.move(box["x"] + 120, box["y"] + 110)
    study.page.mouse.up()
    expect(study.page.locator(".viewer-window")).to_have_text("C 50 W 120")


def test_the_whole_viewer_is_on_a_small_screen_at_once(study):
    box = study.page.get_by_role("button", name="Keys").bounding_box()
    assert box["y"] + box["height"] < 900


def test_a_reader_comments_and_judges_with_types(study, ward):
    study.page.get_by_label("New comment").fill("Called the ward.\n<script>alert(3)</script>")
    study.page.get_by_role("button", name="Add").click()
    expect(study.page.locator(".comment").last).to_contain_text("<script>alert(3)</script>")
    flagged = [name for name in ward.node.study(ward.flagged).outcomes[-1].flagged if name != "any"]
    assert "intraparenchymal" in flagged
    marked = study.page.get_by_role("checkbox", checked=True)
    expect(marked).to_have_count(len(flagged))
    study.page.get_by_role("button", name="Disagree").click()
    expect(study.page.locator("#notices .notice").last).to_contain_text("who disagrees has seen others, or none")
    for name in flagged:
        study.page.get_by_role("checkbox", name=name).uncheck()
    study.page.get_by_role("checkbox", name="subdural").check()
    study.page.get_by_role("button", name="Disagree").click()
    expect(study.page.locator("section", has_text="Is that right?").first).to_contain_text("ray disagrees: subdural")
    study.page.locator("h1").click()
    study.page.keyboard.press("y")
    study.page.get_by_text(f"ray agrees: {', '.join(flagged)}").wait_for()
    verdict = ward.node.study(ward.flagged).verdict
    assert (verdict.agrees, verdict.types) == (True, flagged)


def test_acknowledging_is_taken_back(study):
    study.page.get_by_role("button", name="Acknowledge", exact=True).click()
    study.page.get_by_text("Acknowledged by ray").wait_for()
    study.page.get_by_role("button", name="Take it back").click()
    study.page.get_by_role("button", name="Acknowledge", exact=True).wait_for()


def test_the_node_s_reasons_and_course_are_shown(screen, ward, study):
    study.page.get_by_text("Suspected: intraparenchymal").wait_for()
    study.page.get_by_text("All of it").click()
    expect(study.page.get_by_text("What the report says of each type")).to_be_visible()
    study.page.get_by_text("Why this series?").click()
    study.page.get_by_text("the best of the suitable series").wait_for()
    study.page.get_by_text("events").first.click()
    expect(study.page.get_by_role("cell", name="study received")).to_be_visible()
    screen.page.goto(f"/studies/{ward.unsuitable}")
    screen.page.get_by_text("The series has fewer than 10 slices.").first.wait_for()


def test_a_link_opens_the_study_in_another_viewer(study, ward):
    link = study.page.get_by_role("link", name="Open in the viewer")
    assert link.get_attribute("href") == f"https://viewer.example/ohif?StudyInstanceUIDs={ward.flagged}"
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_a_dead_report_is_sent_again_and_a_study_is_analyzed_again(screen, ward, tmp_path, wait_for):
    uid = ward.plain
    wait_for(lambda: ward.node.study(uid).deliveries[0].state == "dead", "the report is given up", 30)
    screen.page.goto(f"/studies/{uid}")
    pacs = Storescp(tmp_path / "pacs", port=ward.destination_port)
    try:
        with screen.page.expect_navigation():  # the page loads itself again
            screen.page.get_by_role("button", name="Send again").click()
        wait_for(pacs.received, "the report arrives", 30)
        wait_for(lambda: ward.node.study(uid).deliveries[0].state == "delivered", "it is delivered", 30)
        screen.page.reload()
        expect(screen.page.get_by_role("cell", name="delivered", exact=True)).to_be_visible()
        screen.page.get_by_role("button", name="Analyze again").click()
        wait_for(lambda: len(ward.node.study(uid).outcomes) == 2, "a second analysis", 60)
    finally:
        pacs.stop()


def test_scripts_that_came_with_a_study_stay_text(screen, ward):
    for address in ("/worklist?text=img", "/worklist?list=all&text=img", f"/studies/{ward.hostile}"):
        screen.page.goto(address)
        expect(screen.page.get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
        assert screen.page.locator("img").count() == 0
    screen.page.get_by_text("Why this series?").click()
    screen.page.get_by_text("The series, judged by their headers").wait_for()
    screen.page.goto("/worklist?text=%22%3E%3Cscript%3Ealert(4)%3C/script%3E&station=%3Csvg%20onload=alert(5)%3E")
    assert screen.page.get_by_label("Name, ID, accession, description").input_value().startswith('"><script>')
    screen.page.goto("/studies/%3Cscript%3Ealert(6)")
    screen.page.get_by_text("The worklist has no study").wait_for()


def test_keys_lead_to_the_next_study_and_back(screen, study):
    [first, second] = screen.page.context.request.get("/api/worklist?limit=2").json()["studies"]
    screen.page.goto(f"/studies/{first['study_instance_uid']}")
    screen.page.keyboard.press("n")
    screen.page.wait_for_url(f"**/studies/{second['study_instance_uid']}")
    screen.page.keyboard.press("w")
    screen.page.wait_for_url("**/worklist")


def test_a_page_of_a_study_without_an_answer_shows_it_when_it_comes(screen, ward, tmp_path):
    sent = head_ct(slices=4, seed=10**6 + int(time.time()))
    save(sent, tmp_path / "sent")
    uid = str(sent[0].StudyInstanceUID)
    ward.node.command("send", tmp_path / "sent", "--to", f"TRIAGE@127.0.0.1:{ward.node.port}")
    screen.page.goto(f"/studies/{uid}")
    screen.page.get_by_text("The study was not analyzed.").wait_for(timeout=60_000)
