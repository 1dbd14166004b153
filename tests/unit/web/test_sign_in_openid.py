"""Signing in by an OpenID provider that runs as a program of its own and signs its tokens."""

import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from programs import Program, free_port
from sites import ADDRESS, READER, Browser

pytestmark = pytest.mark.slow

PEOPLE = {
    "1": {"preferred_username": "nora", "groups": ["radiology"]},
    "2": {"preferred_username": "adam", "groups": ["radiology", "it"]},
    "3": {"preferred_username": "guest", "groups": ["principals"]},
    "4": {"preferred_username": READER, "groups": ["it"]},
    "5": {"preferred_username": '<script>alert("x")</script>', "groups": ["it"]},
}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    port = free_port()
    command = [Path(sys.executable).with_name("oidc-provider-mock"), "--port", port, "--require-nonce", "true"]
    for subject, claims in PEOPLE.items():
        command += ["--user-claims", json.dumps({"sub": subject} | claims)]
    provider = Program(command, tmp_path_factory.mktemp("provider") / "log")
    provider.wait_for("Uvicorn running")
    yield f"http://127.0.0.1:{port}"
    provider.stop()


@pytest.fixture
def site(make_site, issuer):
    return make_site(
        openid_issuer=issuer,
        openid_client_id="triage-node",
        openid_client_secret="of the provider",
        openid_reader_groups=["radiology"],
        openid_administrator_groups=["it"],
    )


def at_the_provider(address: str, subject: str) -> str:
    """Consent as a person does; return where the provider leads back to."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
    assert answer.status_code in (302, 303), answer.text
    return answer.headers["location"]


def come_back(browser: Browser, subject: str, next_page: str = "/account"):
    begun = browser.get("/sign-in/openid", params={"next": next_page})
    assert begun.status_code == 303, begun.text
    back = at_the_provider(begun.headers["location"], subject)
    assert back.startswith(f"{ADDRESS}/sign-in/openid/callback?")
    return browser.get(back.removeprefix(ADDRESS))


@pytest.mark.parametrize(("subject", "name", "role"), [("1", "nora", "reader"), ("2", "adam", "administrator")])
def test_a_person_of_a_group_signs_in_with_its_role(site, subject, name, role):
    browser = site.browser()
    assert "hospital's account" in browser.get("/sign-in").text
    answer = come_back(browser, subject)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account"), answer.text
    page = browser.get("/account").text
    assert f"signed in as {role}" in page
    assert name in page


@pytest.mark.parametrize(
    ("subject", "sentence"),
    [("3", "None of your groups"), ("4", "is a local user"), ("5", "cannot be a user")],
)
def test_whoever_has_no_role_or_anothers_name_is_refused(site, subject, sentence):
    browser = site.browser()
    answer = come_back(browser, subject)
    assert answer.status_code == 403
    assert sentence in answer.text
    assert "<script>alert" not in answer.text
    assert browser.get("/account").status_code == 303


def test_the_request_has_state_nonce_and_challenge(site):
    query = parse_qs(urlsplit(site.browser().get("/sign-in/openid").headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert all(len(query[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))


def test_an_answer_that_another_browser_began_opens_nothing(site):
    begun = site.browser().get("/sign-in/openid")
    back = at_the_provider(begun.headers["location"], "2").removeprefix(ADDRESS)
    assert site.browser().get(back).status_code == 403
    other = site.browser()
    other.get("/sign-in/openid")
    assert other.get(back).status_code == 403


def test_a_code_is_good_once(site):
    browser = site.browser()
    begun = browser.get("/sign-in/openid")
    cookies = dict(browser.cookies)
    back = at_the_provider(begun.headers["location"], "2").removeprefix(ADDRESS)
    assert browser.get(back).status_code == 303
    again = site.browser()
    again.cookies.update(cookies)
    assert again.get(back).status_code == 403


def test_a_token_with_another_nonce_is_refused(site, issuer):
    from triage_node.web.security.openid import Attempt, OpenIDProvider, OpenIDRefused

    provider = OpenIDProvider(site.settings)
    callback = f"{ADDRESS}/sign-in/openid/callback"
    address, attempt = provider.begin(callback, "/")
    code = re.search(r"code=([^&]+)", at_the_provider(address, "1"))[1]
    forged = Attempt(attempt.state, "another nonce", attempt.code_verifier, "/")
    with pytest.raises(OpenIDRefused, match="not valid here"):
        provider.finish(code, forged, callback)


def test_a_provider_that_does_not_answer_is_said(make_site):
    site = make_site(openid_issuer="http://127.0.0.1:1", openid_client_id="triage-node", connect_timeout_seconds=1)
    answer = site.browser().get("/sign-in/openid")
    assert answer.status_code == 502
    assert "does not answer" in answer.text


def test_without_a_provider_there_is_no_such_way(make_site):
    site = make_site()
    assert site.browser().get("/sign-in/openid").status_code == 404
    assert "hospital's account" not in site.browser().get("/sign-in").text
