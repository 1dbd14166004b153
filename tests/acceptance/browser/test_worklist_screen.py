"""The worklist as a radiologist uses it: what comes first, live rows, filters, pages, keys, a phone."""

import re
import time

import pytest
from browsers import PHONE
from ct import head_ct, save
from playwright.sync_api import expect

from triage_node.findings import Decision
from triage_node.train.demo_studies import SEEDS


def decisions(screen):
    return screen.page.locator("#rows tr").evaluate_all("rows => rows.map(row => row.dataset.group)")


def test_flagged_and_urgent_come_first_then_what_waits_too_long(screen, ward):
    groups = decisions(screen)
    assert len(groups) == 50
    ranks = [{"flagged": 0, "urgent": 0, "overdue": 1, "uncertain": 2, "rest": 3}[group] for group in groups]
    assert ranks == sorted(ranks)
    assert {"flagged", "urgent", "overdue"} <= set(groups)
    row = screen.row(ward.flagged)
    expect(row).to_contain_text("flagged")
    expect(row.get_by_title("intraparenchymal", exact=True)).to_have_text("IPH")
    expect(screen.page).to_have_title(re.compile(r"^\("))


def test_a_study_is_on_the_screen_once_it_was_analyzed(screen, ward, tmp_path, wait_for, capsys):
    screen.page.locator('#live[data-state="on"]').wait_for()
    sent = head_ct(slices=3, seed=int(time.time()))
    uid = str(sent[0].StudyInstanceUID)
    save(sent, tmp_path / "sent")
    ward.node.command("send", tmp_path / "sent", "--to", f"TRIAGE@127.0.0.1:{ward.node.port}")
    screen.page.goto("/worklist?list=all")
    screen.page.locator('#live[data-state="on"]').wait_for()
    screen.page.evaluate(
        """uid => { window.seen = null; const look = () => {
        if (document.querySelector(`tr[data-uid="${uid}"]`)?.dataset.state === "unsuitable") {
            if (window.seen === null) window.seen = Date.now() / 1000; } };
        look(); new MutationObserver(look).observe(document.getElementById("rows"), {childList: true}); }""",
        uid,
    )
    wait_for(lambda: screen.page.evaluate("window.seen"), "the study shows its answer", 60)
    [finished] = [event.at for event in ward.node.study(uid).events if event.to_state == "unsuitable"]
    delay = screen.page.evaluate("window.seen") - finished
    with capsys.disabled():
        print(f"\nlive update {delay:.2f} s after the event; the bar is 1 s, which the benchmark holds")


def test_filters_narrow_the_list_and_stay_in_the_address(screen, ward):
    screen.page.get_by_label("Answer").select_option("uncertain")
    screen.page.wait_for_url("**decision=uncertain**")
    assert set(screen.page.locator("#rows tr").evaluate_all("rows => rows.map(row => row.dataset.decision)")) == {
        "uncertain"
    }
    screen.page.get_by_label("Name, ID, accession, description").fill(f"phantom {SEEDS['hemorrhage']:06d}")
    screen.page.keyboard.press("Enter")
    screen.page.get_by_text("No study matches these filters.").wait_for()
    screen.page.get_by_role("link", name="Clear").click()
    screen.page.wait_for_url("**/worklist")
    screen.page.get_by_label("Name, ID, accession, description").fill(f"seed{SEEDS['hemorrhage']}")
    screen.page.get_by_role("button", name="Search").click()
    expect(screen.page.locator("#rows tr")).to_have_count(1)
    expect(screen.row(ward.flagged)).to_be_visible()


def test_the_archive_is_searched_by_day(screen):
    screen.page.get_by_label("Show").select_option("all")
    screen.page.get_by_label("Arrived from").wait_for()
    screen.page.goto("/worklist?list=all&received_from=&received_to=2001-01-01")
    expect(screen.page.get_by_label("to", exact=True)).to_have_value("2001-01-01")
    screen.page.get_by_text("No study matches these filters.").wait_for()


def test_the_way_back_keeps_filter_order_and_selection(screen, ward):
    screen.page.goto("/worklist?text=A00000&sort=patient")
    screen.page.get_by_role("link", name="ID, accession").press("Enter")
    screen.page.wait_for_url("**sort=number")
    expect(screen.page.get_by_role("columnheader", name="ID, accession")).to_have_attribute("aria-sort", "ascending")
    listed = screen.page.locator("#rows tr").evaluate_all("rows => rows.map(row => row.dataset.uid)")
    for key in ("j", "j", "Enter"):
        screen.page.keyboard.press(key)
    screen.page.wait_for_url(f"**/studies/{listed[1]}?text=A00000&sort=number")
    screen.page.keyboard.press("n")
    screen.page.wait_for_url(f"**/studies/{listed[2]}?text=A00000&sort=number")
    screen.page.keyboard.press("w")
    screen.page.wait_for_url("**/worklist?text=A00000&sort=number")
    expect(screen.row(listed[2])).to_have_attribute("aria-selected", "true")
    screen.page.keyboard.press("k")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_url(f"**/studies/{listed[1]}**")
    screen.page.go_back()
    expect(screen.row(listed[1])).to_have_attribute("aria-selected", "true")


def test_a_study_is_acknowledged_and_the_next_one_shown_by_one_key(screen, ward):
    screen.page.goto("/worklist?text=A00000")
    listed = screen.page.locator("#rows tr").evaluate_all("rows => rows.map(row => row.dataset.uid)")
    screen.page.goto(f"/studies/{listed[0]}?text=A00000")
    screen.page.keyboard.press("x")
    screen.page.wait_for_url(f"**/studies/{listed[1]}?text=A00000")
    assert ward.node.study(listed[0]).acknowledged_by == "person ray"
    assert ward.node.study(listed[1]).acknowledged_at is None


def test_the_last_filter_is_offered_again_without_what_was_searched_for(screen):
    last = screen.page.get_by_role("link", name="Last filter")
    expect(last).to_be_hidden()
    screen.page.goto("/worklist?decision=uncertain&sort=patient&text=Berg")
    screen.page.goto("/worklist")
    last.click()
    screen.page.wait_for_url("**/worklist?decision=uncertain&sort=patient")
    expect(last).to_have_attribute("aria-current", "true")
    assert "Berg" not in str(screen.page.evaluate("Object.entries(localStorage)"))


TOLD = """window.told = []; window.heard = false;
window.EventSource = class extends EventSource { constructor(address) {
    super(address); this.addEventListener("flagged", () => setTimeout(() => { window.heard = true; })); } };
window.Notification = class extends Notification { constructor(...words) {
    super(...words); window.told.push(words); } };"""


def test_alerts_come_only_to_who_asked_for_them_and_name_nobody(open_screen, ward, wait_for):
    screen = open_screen(permissions=["notifications"])
    screen.page.add_init_script(TOLD)
    screen.page.goto("/worklist?text=nobody")
    screen.page.locator('#live[data-state="on"]').wait_for()
    alerts = screen.page.get_by_role("button", name="Alerts")
    hear = "uids => triage.hearOfFlagged(uids.map(uid => ({uid})))"
    screen.page.evaluate(hear, ["1.1"])
    assert screen.page.evaluate("window.told") == []
    alerts.click()
    expect(alerts).to_have_attribute("aria-pressed", "true")
    screen.page.reload()
    expect(alerts).to_have_attribute("aria-pressed", "true")
    screen.page.locator('#live[data-state="on"]').wait_for()
    uid = next(uid for uid in ward.old if ward.node.study(uid).decision == Decision.FLAGGED)
    wait_for(lambda: screen.page.evaluate("window.heard"), "the node tells which studies are flagged")
    assert screen.page.evaluate("window.told") == [], "what was flagged before is no news"
    screen.page.evaluate(hear, [uid, "1.2"])
    [[text, options]] = screen.page.evaluate("window.told")
    assert (text, options["tag"]) == ("A study was flagged.", "triage-1.2")
    alerts.click()
    screen.page.evaluate(hear, ["1.3"])
    assert len(screen.page.evaluate("window.told")) == 1


def test_pages_follow_one_another_and_show_each_study_once(screen, ward):
    shown = screen.page.locator("#rows tr").evaluate_all("rows => rows.map(row => row.dataset.uid)")
    screen.page.get_by_role("link", name="Next page").click()
    screen.page.get_by_text("this page stands still").wait_for()
    following = screen.page.locator("#rows tr").evaluate_all("rows => rows.map(row => row.dataset.uid)")
    assert not set(shown) & set(following)
    screen.page.get_by_role("link", name="First page").click()
    screen.page.locator('#live[data-state="on"]').wait_for()


def test_keys_choose_open_and_explain(screen):
    keyboard = screen.page.keyboard
    keyboard.press("j")
    keyboard.press("j")
    keyboard.press("k")
    first = screen.page.locator("#rows tr").first
    assert first.get_attribute("aria-selected") == "true"
    keyboard.press("?")
    expect(screen.page.get_by_role("dialog")).to_be_visible()
    keyboard.press("Escape")
    keyboard.press("/")
    expect(screen.page.get_by_label("Name, ID, accession, description")).to_be_focused()
    keyboard.press("Escape")
    uid = first.get_attribute("data-uid")
    keyboard.press("k")
    keyboard.press("Enter")
    screen.page.wait_for_url(f"**/studies/{uid}")


def waiting(screen) -> int:
    return sum(map(int, screen.page.locator("[data-count]").all_inner_texts()))


def test_what_is_acknowledged_leaves_every_reader_s_list(screen, open_screen, ward, wait_for):
    other = open_screen("rosa")
    uid = ward.old[3]
    search = "/worklist?text=A000003"
    for one in (screen, other):
        one.page.goto(search)
        one.page.locator('#live[data-state="on"]').wait_for()
    before = waiting(other)
    screen.page.keyboard.press("j")
    screen.page.keyboard.press("a")
    for one in (screen, other):
        expect(one.row(uid)).to_have_count(0)
    expect(other.page.get_by_text("No study matches these filters.")).to_be_visible()
    wait_for(lambda: waiting(other) == before - 1, "the other reader's count goes down")
    other.page.goto(f"{search}&list=all")
    expect(other.row(uid)).to_contain_text("ray")


def box(screen, selector):
    """Return where the first of some elements is; rows that are replaced in that moment are looked for again."""
    found = None
    while found is None:
        found = screen.page.locator(selector).first.bounding_box()
    return found


def test_on_a_phone_nothing_is_wider_than_the_screen_and_studies_come_first(open_screen, ward):
    phone = open_screen(size=PHONE, has_touch=True, is_mobile=True)
    phone.page.wait_for_url("**/worklist")
    assert phone.overflows() == 0
    assert box(phone, "#rows tr")["y"] < 500
    button = box(phone, "#rows button")
    assert button["x"] + button["width"] <= PHONE[0]
    answer = phone.page.get_by_label("Answer")
    expect(answer).to_be_hidden()
    phone.page.get_by_role("button", name="Filters").tap()
    expect(answer).to_be_visible()
    assert answer.bounding_box()["height"] < 60
    assert phone.overflows() == 0
    phone.page.goto(f"/studies/{ward.flagged}")
    phone.page.locator(".viewer-place").get_by_text("/ 32").wait_for()
    assert phone.overflows() == 0


@pytest.mark.parametrize(("size", "rows"), [((1440, 900), 15), ((1280, 720), 9)])
def test_so_many_studies_are_seen_at_once(open_screen, size, rows):
    screen = open_screen(size=size)
    seen = "[...document.querySelectorAll('#rows tr')].filter(row => row.getBoundingClientRect().bottom <= innerHeight)"
    assert screen.page.evaluate(f"{seen}.length") >= rows
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    table = "document.querySelector('.scroll')"
    assert screen.page.evaluate(f"{table}.scrollWidth <= {table}.clientWidth"), "no scrolling sideways"


def test_it_is_dark_unless_light_is_chosen(screen):
    ground = "getComputedStyle(document.body).backgroundColor"
    assert screen.page.evaluate(ground) == "rgb(14, 17, 22)"
    screen.page.get_by_role("button", name="Switch between dark and light").click()
    assert screen.page.evaluate(ground) == "rgb(255, 255, 255)"
    screen.page.reload()
    assert screen.page.evaluate(ground) == "rgb(255, 255, 255)"
