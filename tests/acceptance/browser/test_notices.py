"""What a reader is told of what they did, also when the node cannot be reached or refuses; and the way back."""

import pytest
from playwright.sync_api import expect

from triage_node.findings import Decision


@pytest.fixture
def open_screen(open_screen):
    """Open windows whose requests a test may answer.

    Chromium has a page that is open already hand over its requests a moment after it said so, and a key may be faster:
    then the node was asked. A page that is opened afterwards hands over each.
    """

    def opened(name="ray", **options):
        screen = open_screen(name, **options)
        screen.page.route("**/nothing-has-this-address", lambda route: route.abort())
        return screen

    return opened


def live(screen, search="/worklist?text=A00000"):
    screen.page.goto(search)
    screen.page.locator('#live[data-state="on"]').wait_for()


def cut_off(screen):
    """Let no change reach the node any more; what is read still comes."""

    def stop(route):
        route.fallback() if route.request.method == "GET" else route.abort("internetdisconnected")

    screen.page.route("**/*", stop)


def reconnect(screen):
    screen.page.unroute("**/*")


def notice(screen):
    return screen.page.locator("#notices .notice").last


@pytest.fixture
def listed(screen, ward):
    """The worklist with some old studies, the first of them selected."""
    live(screen)
    screen.page.keyboard.press("j")
    return screen


def selected(screen):
    return screen.page.locator('#rows tr[aria-selected="true"]')


@pytest.mark.parametrize("way", ["key", "button"])
def test_what_was_acknowledged_is_taken_back_within_ten_seconds(listed, ward, way):
    uid = selected(listed).get_attribute("data-uid")
    following = listed.page.locator("#rows tr").nth(1).get_attribute("data-uid")
    listed.page.keyboard.press("a")
    expect(listed.row(uid)).to_have_count(0)
    expect(notice(listed)).to_contain_text("Acknowledged: ")
    expect(listed.row(following)).to_have_attribute("aria-selected", "true")
    assert ward.node.study(uid).acknowledged_by == "person ray"
    if way == "key":
        listed.page.keyboard.press("u")
    else:
        notice(listed).get_by_role("button", name="Undo").click()
    expect(listed.row(uid)).to_have_attribute("aria-selected", "true")
    expect(listed.page.locator("#notices .notice")).to_have_count(0)
    study = ward.node.study(uid)
    assert study.acknowledged_at is None
    assert [event.code for event in study.events][-2:] == ["acknowledged", "unacknowledged"]


def test_undo_is_offered_for_ten_seconds_only(screen, ward):
    screen.page.clock.install()
    live(screen)
    screen.page.keyboard.press("j")
    uid = selected(screen).get_attribute("data-uid")
    screen.page.keyboard.press("a")
    expect(notice(screen)).to_contain_text("Undo")
    screen.page.clock.run_for(9_000)
    expect(notice(screen)).to_contain_text("Undo")
    screen.page.clock.run_for(2_000)
    expect(screen.page.locator("#notices .notice")).to_have_count(0)
    assert ward.node.study(uid).acknowledged_by == "person ray"


def test_a_row_is_usable_again_when_the_node_cannot_be_reached(listed, ward):
    uid = selected(listed).get_attribute("data-uid")
    cut_off(listed)
    listed.page.keyboard.press("a")
    expect(notice(listed)).to_have_text("The node cannot be reached. Try again.")
    expect(listed.row(uid)).not_to_have_attribute("aria-busy", "true")
    assert ward.node.study(uid).acknowledged_at is None
    reconnect(listed)
    listed.page.keyboard.press("a")
    expect(listed.row(uid)).to_have_count(0)
    listed.page.keyboard.press("u")
    expect(listed.row(uid)).to_have_count(1)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, '{"detail": "Sign in first."}', "Your session has ended, nothing was changed. Sign in again"),
        (403, '{"detail": "The form is out of date."}', "The form is out of date."),
        (409, '{"detail": "person lou has acknowledged the study already."}', "lou has acknowledged the study already"),
        (503, "<p>no JSON</p>", "The node answered 503. Try again."),
    ],
)
def test_a_refusal_is_told_and_the_row_is_usable_again(listed, ward, status, body, sentence):
    uid = selected(listed).get_attribute("data-uid")
    listed.page.route("**/acknowledgement", lambda route: route.fulfill(status=status, body=body))
    listed.page.keyboard.press("a")
    expect(notice(listed)).to_contain_text(sentence)
    listed.page.unroute("**/acknowledgement")
    listed.complaints[:] = [one for one in listed.complaints if f"status of {status}" not in one]
    listed.page.keyboard.press("a")
    expect(listed.row(uid)).to_have_count(0)
    listed.page.keyboard.press("u")
    expect(listed.row(uid)).to_have_count(1)


def test_a_redirect_of_a_proxy_is_not_taken_for_an_acknowledgement(listed, ward):
    uid = selected(listed).get_attribute("data-uid")

    def ask_who(route):
        route.fulfill(status=302, headers={"Location": "/single-sign-on"})

    listed.page.route("**/acknowledgement", ask_who)
    listed.page.keyboard.press("a")
    expect(notice(listed)).to_contain_text("Your session has ended, nothing was changed.")
    expect(listed.row(uid)).not_to_have_attribute("aria-busy", "true")
    assert ward.node.study(uid).acknowledged_at is None


def test_a_key_that_is_held_down_acknowledges_one_study(listed, ward):
    uid = selected(listed).get_attribute("data-uid")
    following = listed.page.locator("#rows tr").nth(1).get_attribute("data-uid")
    listed.page.keyboard.down("a")
    expect(listed.row(following)).to_have_attribute("aria-selected", "true")
    listed.page.keyboard.down("a")
    listed.page.keyboard.up("a")
    listed.page.keyboard.press("u")
    expect(listed.row(uid)).to_have_count(1)
    assert ward.node.study(following).acknowledged_at is None


def test_a_stale_row_names_who_was_first(listed, ward):
    uid = selected(listed).get_attribute("data-uid")
    ward.node.worklist.reader_actions.acknowledge(uid, "person rosa")
    # As if the click came before the row left this page.
    asked = "uid => triage.act(`/api/studies/${uid}/acknowledgement`).then(answer => answer === null)"
    assert listed.page.evaluate(asked, uid)
    expect(notice(listed)).to_contain_text("rosa has acknowledged the study already.")


def test_a_comment_is_not_lost_to_a_node_that_cannot_be_reached(screen, ward):
    uid = ward.old[2]
    screen.page.goto(f"/studies/{uid}")
    screen.page.get_by_label("New comment").fill("Called the ward.")
    cut_off(screen)
    screen.page.get_by_role("button", name="Add").click()
    expect(notice(screen)).to_have_text("The node cannot be reached. Try again.")
    expect(screen.page.get_by_label("New comment")).to_have_value("Called the ward.")
    reconnect(screen)
    screen.page.get_by_role("button", name="Add").click()
    expect(screen.page.locator(".comment")).to_contain_text("Called the ward.")
    expect(screen.page.get_by_label("New comment")).to_have_value("")


def test_a_session_that_ended_leads_to_the_sign_in_and_keeps_the_comment(screen, ward):
    screen.page.goto(f"/studies/{ward.old[2]}")
    screen.page.get_by_label("New comment").fill("Called again.")
    screen.context.clear_cookies()
    screen.page.get_by_role("button", name="Add").click()
    link = notice(screen).get_by_role("link", name="Sign in again")
    assert link.get_attribute("href") == f"/sign-in?next=%2Fstudies%2F{ward.old[2]}"
    expect(screen.page.get_by_label("New comment")).to_have_value("Called again.")


@pytest.mark.parametrize("button", ["Acknowledge", "Analyze again", "Agree"])
def test_every_button_of_a_study_tells_when_the_node_cannot_be_reached(screen, ward, button):
    uid = next(uid for uid in ward.old if ward.node.study(uid).decision == Decision.FLAGGED)
    screen.page.goto(f"/studies/{uid}")
    state = ward.node.study(uid)
    cut_off(screen)
    screen.page.get_by_role("button", name=button).first.click()
    expect(notice(screen)).to_have_text("The node cannot be reached. Try again.")
    reconnect(screen)
    expect(screen.page.get_by_role("button", name=button).first).to_be_enabled()
    now = ward.node.study(uid)
    assert (now.acknowledged_at, now.state, now.verdict) == (
        state.acknowledged_at, state.state, state.verdict,
    )  # fmt: skip


def test_an_echo_is_answered_on_the_page_and_its_failure_too(open_screen, ward):
    screen = open_screen("ada")
    screen.page.goto("/admin")
    echo = screen.page.get_by_role("button", name="Echo").first
    cut_off(screen)
    echo.click()
    expect(notice(screen)).to_have_text("The node cannot be reached. Try again.")
    reconnect(screen)
    echo.click()
    expect(screen.page.locator("#answer")).to_contain_text("cannot be reached")
    assert screen.page.url.endswith("/admin")


def test_a_list_that_is_not_live_says_since_when(screen):
    screen.page.route("**/worklist/live**", lambda route: route.abort("internetdisconnected"))
    screen.page.goto("/worklist?text=A00000")
    expect(screen.page.locator("#live")).to_contain_text("connection lost: this list is of")
    screen.page.unroute("**/worklist/live**")
    screen.page.locator('#live[data-state="on"]').wait_for()


def test_a_connection_that_says_nothing_is_not_taken_for_live(screen, wait_for):
    screen.page.clock.install()
    live(screen)
    screen.page.evaluate(
        """() => { window.states = []; const live = document.getElementById("live");
        new MutationObserver(() => window.states.push(live.dataset.state)).observe(live, {attributes: true}); }"""
    )
    screen.page.clock.run_for(50_000)
    came_back = "window.states.includes('lost') && window.states.at(-1) === 'on'"
    wait_for(lambda: screen.page.evaluate(came_back), "the page asks anew")
