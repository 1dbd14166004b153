"""`/metrics` and `/health`: who may ask, and what is said."""

import pytest

from triage_node.errors import AccountError
from triage_node.identity import Role
from triage_node.web.registry import PUBLIC, routers

TEXT = (b"triage_ready 1.0\n", "text/plain; version=0.0.4; charset=utf-8")


@pytest.fixture
def site(make_site):
    return make_site({"metrics": lambda accept: TEXT})


@pytest.mark.parametrize("role", [Role.MONITORING, Role.SERVICE, Role.ADMINISTRATOR])
def test_a_token_opens_the_metrics(site, role):
    answer = site.program(role).get("/metrics")
    assert answer.status_code == 200
    assert answer.content == TEXT[0]
    assert answer.headers["content-type"] == TEXT[1]


def test_others_get_none(site):
    assert site.browser().get("/metrics", headers={"accept": "text/plain"}).status_code == 401
    assert site.program(Role.READER).get("/metrics").status_code == 403


def test_without_a_node_there_are_none(make_site):
    assert make_site().program(Role.MONITORING).get("/metrics").status_code == 404


def test_monitoring_opens_nothing_else(site):
    program = site.program(Role.MONITORING)
    paths = {route.path for router in routers() for route in router.routes if "GET" in route.methods}
    guarded = {path for path in paths - PUBLIC if "{" not in path}
    assert len(guarded) > 20
    opened = {path for path in guarded if program.get(path).status_code != 403}
    assert opened == {"/metrics", "/api", "/api/openapi.json", "/api/system"}


def test_monitoring_is_no_role_of_a_person(site):
    with pytest.raises(AccountError, match="a program gets a token"):
        site.worklist.accounts.add("prometheus", Role.MONITORING, "correct horse battery")


@pytest.mark.parametrize(("is_alive", "status", "word"), [(True, 200, "live"), (False, 503, "not live")])
def test_health_says_whether_its_threads_run(make_site, is_alive, status, word):
    answer = make_site({"is_alive": lambda: is_alive}).browser().get("/health/live")
    assert answer.status_code == status
    assert answer.json() == {"status": word}
