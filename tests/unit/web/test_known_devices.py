"""A stranger's wrong passwords slow the stranger down, not whom they guess at."""

import pytest
from sites import ADMINISTRATOR, PASSWORD, READER, Browser, token_in

from triage_node.errors import AccountError, SignInRefused

pytestmark = pytest.mark.slow


@pytest.fixture
def at(site):
    """Open a browser at an address."""

    def open_browser(address: str, like: Browser | None = None) -> Browser:
        browser = Browser(site.application, base_url="http://127.0.0.1", follow_redirects=False, client=(address, 4711))
        if like is not None:
            browser.cookies.update(like.cookies)
        return browser

    return open_browser


def attempt(browser, name=ADMINISTRATOR, password=PASSWORD):
    browser.cookies.delete("triage") if "triage" in browser.cookies else None
    token_in(browser, browser.get("/sign-in").text)
    return browser.submit("/sign-in", name=name, password=password).status_code


def guess(browser, number=5, name=ADMINISTRATOR):
    return [attempt(browser, name, "wrong wrong wrong") for _ in range(number)]


def test_guesses_at_one_address_do_not_lock_the_name_elsewhere(at):
    assert guess(at("203.0.113.9"), 8) == [401] * 5 + [429] * 3
    assert attempt(at("10.0.0.2")) == 303
    assert attempt(at("203.0.113.9")) == 429


def test_a_browser_that_signed_in_before_is_not_locked_by_strangers_at_its_own_address(at):
    own = at("10.0.0.2")
    assert attempt(own) == 303
    assert guess(at("10.0.0.2"), 6)[-1] == 429
    assert attempt(own) == 303
    assert attempt(at("10.0.0.2")) == 429, "another browser there waits"


def test_many_addresses_together_are_bounded_and_a_known_browser_still_opens(at):
    own = at("10.0.0.2")
    assert attempt(own) == 303
    answers = [code for number in range(12) for code in guess(at(f"198.51.100.{number}"))]
    assert answers.count(401) == 50
    assert attempt(at("10.0.0.3")) == 429
    assert attempt(at("10.0.0.3"), READER) == 303, "another name is not locked"
    assert attempt(own) == 303


def test_addresses_of_one_ipv6_network_are_one(at):
    answers = [guess(at(f"2001:db8:1:2::{number:x}"), 1)[0] for number in range(1, 8)]
    assert answers == [401] * 5 + [429] * 2
    assert attempt(at("2001:db8:1:3::1")) == 303


def test_ipv4_addresses_that_a_proxy_writes_as_ipv6_are_not_one(at):
    assert guess(at("::ffff:203.0.113.9"), 6)[-1] == 429
    assert attempt(at("::ffff:10.0.0.2")) == 303
    assert attempt(at("203.0.113.9")) == 429, "the same address in the other form"


def test_tries_from_one_ipv6_network_share_a_rate(at, site):
    limit = site.application.state.services.sign_in_limit
    while not limit.take("2001:db8:1:2::/64"):
        pass
    assert guess(at("2001:db8:1:2::7"), 1) == [429]
    assert guess(at("2001:db8:1:3::7"), 1) == [401]


def test_a_known_browser_may_guess_as_little_as_others(at):
    own = at("10.0.0.2")
    assert attempt(own) == 303
    assert guess(own, 7) == [401] * 5 + [429] * 2
    assert attempt(own) == 429
    assert attempt(at("10.0.0.2")) == 303, "it locked itself only"


def test_what_a_browser_keeps_is_good_for_its_person_only(at, site):
    own = at("10.0.0.2")
    assert attempt(own, READER) == 303
    [device] = [cookie for cookie in own.cookies.jar if cookie.name.startswith("triage-device-")]
    assert (device.path, device.has_nonstandard_attr("HttpOnly")) == ("/sign-in", True)
    assert device.expires
    accounts = site.worklist.accounts
    for _ in range(5):
        with pytest.raises(SignInRefused):
            accounts.check(ADMINISTRATOR, "wrong wrong wrong", "10.0.0.2", device.value)
    assert attempt(at("10.0.0.2")) == 429, "the reader's proof says nothing of the administrator"
    for forged in ("", ".", "nonce.", device.value + "0", device.value.replace(".", "x.", 1), "é.é", "x" * 10_000):
        assert accounts.device(READER, forged) != forged


def test_it_ends_with_the_password(at, site):
    own = at("10.0.0.2")
    assert attempt(own) == 303
    site.worklist.accounts.set_password(ADMINISTRATOR, "another horse battery")
    assert guess(at("10.0.0.2"), 6)[-1] == 429
    assert attempt(own, password="another horse battery") == 429


def test_who_changes_the_password_is_known_on_that_browser(at, site):
    own = at("10.0.0.2")
    assert attempt(own) == 303
    token_in(own, own.get("/account/password").text)
    new = "another horse battery"
    assert own.submit("/account/password", old=PASSWORD, new=new, again=new).status_code == 303
    assert guess(at("10.0.0.2"), 6)[-1] == 429
    assert attempt(own, password=new) == 303


def test_strangers_do_not_keep_who_is_signed_in_from_changing_the_password(at):
    own = at("10.0.0.2")
    assert attempt(own) == 303
    assert guess(at("10.0.0.2"), 6)[-1] == 429
    token_in(own, own.get("/account/password").text)
    answers = [own.submit("/account/password", old="wrong wrong", new="a" * 12, again="a" * 12) for _ in range(6)]
    assert ["The old password is wrong." in answer.text for answer in answers] == [True] * 5 + [False]


def test_an_administrator_of_the_machine_unlocks(at, site):
    guess(at("10.0.0.2"))
    assert attempt(at("10.0.0.2")) == 429
    site.worklist.accounts.unlock(ADMINISTRATOR)
    assert attempt(at("10.0.0.2")) == 303
    with pytest.raises(AccountError, match="no user nobody"):
        site.worklist.accounts.unlock("nobody")
