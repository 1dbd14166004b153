"""Signing in and out, and what those try who should not."""

import pytest
from sites import PASSWORD, READER, token_in


def form_of(site):
    browser = site.browser()
    token_in(browser, browser.get("/sign-in").text)
    return browser


def test_a_reader_signs_in_is_led_where_they_wanted_and_signs_out(site):
    browser = form_of(site)
    assert browser.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    answer = browser.submit("/sign-in", name=READER, password=PASSWORD, next="/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    page = browser.get("/account")
    assert page.status_code == 200
    assert READER in page.text
    token_in(browser, page.text)
    cookies = dict(browser.cookies)
    assert browser.submit("/sign-out").headers["location"] == "/sign-in"
    again = site.browser()
    again.cookies.update(cookies)
    assert again.get("/account").status_code == 303, "the id of a session that ended opens nothing"


def test_the_cookie_is_for_this_server_only(site, make_site):
    answer = form_of(site).submit("/sign-in", name=READER, password=PASSWORD)
    [cookie] = [value for value in answer.headers.get_list("set-cookie") if value.startswith("triage=")]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_session_id_chosen_by_somebody_else_is_not_taken_over(site):
    browser = form_of(site)
    browser.cookies.set("triage", "fixed-by-an-attacker", domain="127.0.0.1")
    answer = browser.submit("/sign-in", name=READER, password=PASSWORD)
    assert "fixed-by-an-attacker" not in str(answer.headers)
    attacker = site.browser()
    attacker.cookies.set("triage", "fixed-by-an-attacker", domain="127.0.0.1")
    assert attacker.get("/account").status_code == 303


def test_signing_in_again_ends_the_session_before(site):
    browser = site.signed_in()
    before = browser.cookies["triage"]
    fresh = form_of(site)
    fresh.cookies.set("triage", before)
    assert fresh.submit("/sign-in", name=READER, password=PASSWORD).status_code == 303
    old = site.browser()
    old.cookies.set("triage", before)
    assert old.get("/account").status_code == 303


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "/sign-out",
        "",
    ],
)
def test_signing_in_leads_to_no_other_site(site, elsewhere):
    answer = form_of(site).submit("/sign-in", name=READER, password=PASSWORD, next=elsewhere)
    assert answer.headers["location"] == "/"


def test_the_wanted_page_is_shown_without_its_script(site):
    page = site.browser().get("/sign-in", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>alert" not in page.text


def test_an_unknown_user_and_a_wrong_password_get_the_same_answer(site):
    texts = []
    for name in (READER, "nobody"):
        browser = form_of(site)
        answer = browser.submit("/sign-in", name=name, password="wrong wrong wrong")
        assert answer.status_code == 401
        texts.append(answer.text.replace(browser.form_token, "").replace(name, ""))
    assert texts[0] == texts[1]


def test_five_failures_lock_and_each_lock_is_longer(site, clock):
    def attempt(password):
        return form_of(site).submit("/sign-in", name=READER, password=password)

    for lock_seconds in (60, 120, 240):
        assert [attempt("wrong wrong wrong").status_code for _ in range(5)] == [401] * 5
        assert attempt(PASSWORD).status_code == 429, "the right password does not open a locked account"
        clock.forward(lock_seconds - 2)
        assert attempt(PASSWORD).status_code == 429
        clock.forward(3)
    assert attempt(PASSWORD).status_code == 303


def test_an_address_that_tries_many_names_is_locked(site, clock):
    for number in range(5):
        assert form_of(site).submit("/sign-in", name=f"guess{number}", password=PASSWORD).status_code == 401
    answer = form_of(site).submit("/sign-in", name=READER, password=PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) <= 60


def test_failures_long_ago_do_not_count(site, clock):
    for _ in range(4):
        form_of(site).submit("/sign-in", name=READER, password="wrong wrong wrong")
    clock.forward(901)
    assert form_of(site).submit("/sign-in", name=READER, password="wrong wrong wrong").status_code == 401
    assert form_of(site).submit("/sign-in", name=READER, password=PASSWORD).status_code == 303


def test_a_session_ends_without_use_and_at_last_in_any_case(site, clock):
    browser = site.signed_in()
    for _ in range(23):
        clock.forward(29 * 60)
        assert browser.get("/account").status_code == 200
    clock.forward(60 * 60)
    assert browser.get("/account").status_code == 303, "idle for an hour"
    browser = site.signed_in()
    for _ in range(25):
        clock.forward(29 * 60)
        last = browser.get("/account")
    assert last.status_code == 303, "after twelve hours"


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(site, clock):
    browser = site.signed_in()
    for _ in range(4):
        clock.forward(10 * 60)
        last = browser.get("/account", headers={"X-Background": "1"})
    assert last.status_code == 303
