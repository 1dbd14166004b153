"""Who may not: strangers, readers at administrators' doors, other sites' forms; and what browsers are told."""

import re

import httpx2
import pytest
from browsers import PASSWORD, Screen
from playwright.sync_api import expect

from triage_node.web.registry import PUBLIC, routers

OUTSIDE = ("..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fworklist.sqlite", "..", "%2fetc%2fpasswd", "1.2%00.3", "C:%5Cx")


@pytest.fixture
def client(ward):
    with httpx2.Client(base_url=ward.address, timeout=60) as client:
        yield client


@pytest.fixture
def reader(open_screen, client) -> httpx2.Client:
    """A program with the cookie of a signed-in reader's browser."""
    for cookie in open_screen("ray").context.cookies():
        client.cookies.set(cookie["name"], cookie["value"])
    return client


def addresses(uid: str):
    """Every route of the pages and the API with an address of its own."""
    for router in routers():
        for route in router.routes:
            path = re.sub(r"\{study_instance_uid[^}]*\}", uid, route.path)
            yield route, re.sub(r"\{[^}]+\}", "1", path)


def test_a_wrong_password_is_refused_and_the_fifth_locks_the_name(browser, ward):
    screen = Screen.of(browser, ward.address)
    try:
        for _ in range(5):
            screen.sign_in("lou", "wrong password")
            screen.page.get_by_role("alert").wait_for()
            screen.page.get_by_text("The name or the password is wrong.").wait_for()
        screen.sign_in("lou", PASSWORD)
        screen.page.get_by_text("Too many attempts. Try again in").wait_for()
        screen.page.goto("/worklist")
        assert "/sign-in?next=" in screen.page.url
    finally:
        screen.context.close()
        ward.node.worklist.accounts._lockouts.forget(["user:lou", "address:127.0.0.1"])


def test_nothing_is_shown_without_sign_in(ward, client):
    seen = 0
    for route, path in addresses(ward.flagged):
        for method in route.methods:
            answer = client.request(method, path)
            if route.path in PUBLIC:
                assert answer.status_code != 500
                continue
            seen += 1
            is_sent_away = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            assert is_sent_away or answer.status_code in (401, 403), f"{method} {path}: {answer.status_code}"
            assert "Phantom" not in answer.text
    assert seen > 20
    assert client.get("/health/live").json() == {"status": "live"}


def test_a_reader_reaches_nothing_that_is_for_administrators(ward, reader):
    """A reader's own token goes with each form, so that only the role is in the way."""
    page = reader.get("/worklist").text
    token = re.search(r'name="form-token" content="([0-9a-f]{64})"', page)[1]
    for route, path in addresses(ward.flagged):
        guards = [one.call for one in route.dependant.dependencies if getattr(one.call, "roles", ())]
        roles = {role for guard in guards for role in guard.roles}
        if roles and "reader" not in roles:
            for method in route.methods:
                answer = reader.request(method, path, headers={"X-CSRF-Token": token})
                assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"


def test_forms_of_another_site_and_forms_without_a_token_change_nothing(ward, reader):
    for route, path in addresses(ward.flagged):
        if "POST" not in route.methods or route.path in PUBLIC:
            continue
        for headers in ({}, {"Origin": "https://evil.example"}, {"X-CSRF-Token": "0" * 64}):
            answer = reader.post(path, headers=headers, data={"text": "forged", "agrees": "true"})
            assert answer.status_code in (403, 422), f"{path} with {headers}: {answer.status_code}"
    study = ward.node.study(ward.flagged)
    assert study.acknowledged_at is None
    assert "forged" not in str(study.comments)


def test_no_address_leads_out_of_the_spool(ward, reader):
    for part in OUTSIDE:
        for path in (
            f"/studies/{part}",
            f"/studies/{part}/series",
            f"/api/studies/{part}",
            f"/api/studies/{part}/slices",
            f"/api/studies/{part}/slices/0",
            f"/static/{part}",
            f"/static/../{part}",
        ):
            answer = reader.get(path)
            is_page_of_api = answer.url.path.rstrip("/") == "/api"  # where the client takes "/.." for one level up
            assert answer.status_code in (303, 400, 404, 422) or is_page_of_api, f"{path}: {answer.status_code}"
            assert "root:" not in answer.text
            assert not answer.content.startswith(b"SQLite")


def test_cookies_and_headers_are_strict(open_screen, ward, client):
    screen = open_screen("ada")
    [cookie] = [one for one in screen.context.cookies() if one["name"] == "triage"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)
    assert screen.page.evaluate("document.cookie") == ""
    answer = screen.page.goto(f"/studies/{ward.flagged}")
    headers = answer.headers
    for name, value in (
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
    ):
        assert headers[name] == value
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert client.get("/worklist", headers={"Host": "evil.example"}).status_code == 400


def test_the_content_policy_stops_a_script_that_got_in(browser, ward, cookies, open_screen):
    open_screen("ray")
    screen = Screen.of(browser, ward.address, storage_state=cookies["ray"])
    screen.page.goto("/worklist")
    screen.page.evaluate(
        """() => { const script = document.createElement("script"); script.textContent = "document.title = 'owned'";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=\\"document.title = 'owned'\\">"); }"""
    )
    expect(screen.page.locator("img")).to_have_count(1)
    assert "owned" not in screen.page.title()
    assert any("Content Security Policy" in complaint for complaint in screen.complaints)
    screen.context.close()


def test_signing_out_ends_the_session_and_the_back_button_shows_nothing(browser, ward):
    screen = Screen.of(browser, ward.address).sign_in("ada")
    screen.page.wait_for_url("**/worklist")
    cookies = screen.context.cookies()
    screen.page.locator("details.menu summary").click()
    screen.page.get_by_role("button", name="Sign out").click()
    screen.page.wait_for_url("**/sign-in")
    screen.page.go_back()
    screen.page.get_by_role("button", name="Sign in").wait_for()
    screen.context.add_cookies(cookies)
    screen.page.goto("/worklist")
    assert "/sign-in" in screen.page.url
    screen.context.close()
