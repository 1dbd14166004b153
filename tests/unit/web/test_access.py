"""Who is let in where: every route is tried by nobody, by a reader, by a program, and from another site."""

import pytest
from fastapi import APIRouter
from sites import ADMINISTRATOR, PASSWORD, READER, token_in

from triage_node.identity import Role
from triage_node.web import registry
from triage_node.web.security.authorization import is_guarded

ROUTES = [(route, method) for router in registry.routers() for route in router.routes for method in route.methods]
GUARDED = [(route, method) for route, method in ROUTES if route.path not in registry.PUBLIC]


def roles_of(dependant):
    for one in dependant.dependencies:
        yield from getattr(one.call, "roles", ())
        yield from roles_of(one)


def address(route):
    return route.path.replace("{study_instance_uid}", "1.2.3").replace("{", "").replace("}", "").replace(":path", "")


def test_there_are_routes_to_try():
    assert len(GUARDED) >= 4


def test_nobody_is_let_in_anywhere(site):
    browser = site.browser()
    for route, method in GUARDED:
        answer = browser.request(method, address(route))
        led_to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
        assert led_to_sign_in or answer.status_code == 401, f"{method} {route.path} answers {answer.status_code}"


def test_a_wrong_token_opens_nothing_even_beside_a_good_cookie(site):
    browser = site.signed_in()
    for route, method in GUARDED:
        answer = browser.request(method, address(route), headers={"Authorization": "Bearer triage_wrong"})
        assert answer.status_code == 401, f"{method} {route.path} answers {answer.status_code}"


def test_a_reader_reaches_nothing_of_an_administrator(site):
    browser = site.signed_in(READER)
    headers = {"X-CSRF-Token": browser.form_token}
    for route, method in GUARDED:
        if Role.READER not in set(roles_of(route.dependant)):
            answer = browser.request(method, address(route), headers=headers)
            assert answer.status_code == 403, f"{method} {route.path} answers {answer.status_code}"


def test_a_service_reaches_no_page(site):
    program = site.program()
    for route, method in GUARDED:
        if Role.SERVICE not in set(roles_of(route.dependant)):
            answer = program.request(method, address(route))
            assert answer.status_code == 403, f"{method} {route.path} answers {answer.status_code}"


def test_a_change_without_the_forms_token_is_refused(site):
    browser = site.signed_in(ADMINISTRATOR)
    changing = [(route, method) for route, method in GUARDED if method not in ("GET", "HEAD", "OPTIONS")]
    assert changing
    for route, method in changing:
        for headers in ({}, {"X-CSRF-Token": "0" * 64}):
            answer = browser.request(method, address(route), headers=headers)
            assert answer.status_code == 403, f"{method} {route.path} answers {answer.status_code}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_from_another_site_is_refused_even_with_the_token(site, headers):
    browser = site.signed_in()
    answer = browser.post("/sign-out", data={"form_token": browser.form_token}, headers=headers)
    assert answer.status_code == 403
    assert browser.get("/account").status_code == 200


def test_the_token_of_one_session_is_not_good_for_another(site):
    first, second = site.signed_in(), site.signed_in()
    second.form_token = first.form_token
    assert second.submit("/sign-out").status_code == 403


def test_signing_in_without_the_forms_token_is_refused(site):
    browser = site.browser()
    assert browser.submit("/sign-in", name=READER, password=PASSWORD).status_code == 403


def test_a_one_time_password_is_good_for_one_thing_only(site):
    site.worklist.accounts.add("new", Role.ADMINISTRATOR, PASSWORD, must_change_password=True)
    browser = site.signed_in("new")
    for route, method in GUARDED:
        if route.path not in ("/account/password", "/sign-out") and Role.SERVICE not in set(roles_of(route.dependant)):
            answer = browser.request(method, address(route))
            led_there = answer.status_code == 303 and answer.headers["location"] == "/account/password"
            assert led_there or answer.status_code == 403, f"{method} {route.path} answers {answer.status_code}"
    fields = {"old": PASSWORD, "new": "another horse battery", "again": "another horse battery"}
    assert browser.submit("/account/password", **fields | {"old": "wrong wrong wrong"}).status_code == 422
    assert browser.submit("/account/password", **fields | {"again": "yet another one"}).status_code == 422
    assert browser.submit("/account/password", **fields | {"new": "short", "again": "short"}).status_code == 422
    assert browser.submit("/account/password", **fields).headers["location"] == "/sign-in"
    assert browser.get("/account").status_code == 303, "every session ended"
    assert site.signed_in("new", "another horse battery").get("/account").status_code == 200


def test_a_user_who_is_removed_is_out_at_once(site):
    browser = site.signed_in()
    site.worklist.accounts.remove(READER)
    assert browser.get("/account").status_code == 303


def test_a_route_without_a_guard_is_not_built(monkeypatch):
    open_router = APIRouter()
    open_router.add_api_route("/leak", lambda: "everything")
    assert not is_guarded(open_router.routes[0].dependant)
    module = type("Module", (), {"router": open_router})
    monkeypatch.setattr(registry, "modules", lambda: iter([module]))
    with pytest.raises(TypeError, match="/leak lets everybody in"):
        registry.routers()


def test_too_many_requests_are_slowed_down(make_site):
    now = [0.0]
    site = make_site({"clock": lambda: now[0]}, web_requests_per_minute=5)
    program = site.program()
    answers = [program.get("/account") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    now[0] += int(answers[-1].headers["retry-after"])
    assert program.get("/account").status_code == 403


def test_too_many_tries_to_sign_in_are_slowed_down(make_site):
    site = make_site({"clock": lambda: 0.0}, web_sign_ins_per_minute=2)
    browser = site.browser()
    token_in(browser, browser.get("/sign-in").text)
    answers = [browser.submit("/sign-in", name=READER, password="wrong wrong wrong") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert "Retry-After" in answers[-1].headers
