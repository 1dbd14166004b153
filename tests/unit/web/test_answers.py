"""What every answer carries, and what no answer does."""

import asyncio
import threading

import httpx
import pytest
from sites import ADDRESS, token_in

from triage_node.web.views.plots import Line, Plot

# More address space than there is: no thread can have such a stack.
IMPOSSIBLE_STACK_BYTES = 1 << 47
SCRIPT = '"><script>alert(1)</script>'


@pytest.mark.parametrize(
    "path", ["/sign-in", "/none", "/api/none", "/static/style.css", "/static/none", "/health/live"]
)
def test_every_answer_carries_the_security_headers(site, path):
    headers = site.browser().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers, "there is no TLS"


def test_with_tls_browsers_are_told_to_keep_to_it_and_cookies_are_secure(make_site):
    browser = make_site(web_behind_proxy=True).browser()
    answer = browser.get("/sign-in")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "Secure" in answer.headers["set-cookie"]


def test_pages_are_not_kept_by_caches_and_static_files_are(site):
    browser = site.signed_in()
    page = browser.get("/account")
    assert page.headers["cache-control"] == "no-store"
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in browser.get(style).headers["cache-control"]


def test_no_page_has_scripts_or_styles_of_its_own(site):
    browser = site.signed_in()
    for path in ("/account", "/account/password"):
        text = browser.get(path).text
        assert "<script>" not in text
        assert " style=" not in text
        assert " onclick" not in text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost:80@evil.example"])
def test_a_foreign_host_name_is_not_answered(site, host):
    assert site.browser().get("/sign-in", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/static/../templates/base.html",
        "/static/%2e%2e/templates/base.html",
        "/static/..%2ftemplates%2fbase.html",
        "/static/%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/static/..%5c..%5capplication.py",
        "/static/style.css%00.html",
        "/static/",
    ],
)
def test_no_file_outside_the_static_folder_is_served(site, path):
    assert site.browser().get(path).status_code in (400, 404, 405)


def test_an_error_of_the_program_is_one_sentence_without_what_failed(site, caplog):
    def fail():
        raise ValueError("Doe^Jane")

    site.application.add_api_route("/fails", fail)
    site.application.router.routes.insert(0, site.application.router.routes.pop())
    answer = site.browser().get("/fails")
    assert answer.status_code == 500
    assert "Something went wrong in the node" in answer.text
    assert "Doe" not in answer.text + caplog.text
    assert "content-security-policy" in answer.headers


def test_errors_are_pages_for_people_and_json_for_programs(site):
    assert "There is no such page." in site.browser().get("/none").text
    answer = site.program().get("/api/none")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no such page."})


def test_a_form_that_is_too_long_is_refused(site):
    browser = site.browser()
    token_in(browser, browser.get("/sign-in").text)
    assert browser.submit("/sign-in", name="x", password="y" * (2 << 20)).status_code == 413


@pytest.mark.parametrize("macro", ["answer", "table", "field", "notice", "badge", "plot", "select"])
def test_a_patients_name_with_a_script_in_it_stays_text(site, macro):
    sources = {
        "answer": "{{ m.answer({'decision': name, 'state': name}) }}",
        "table": "{% call m.table(name, [name], id=name) %}<tr><td>{{ name }}</td></tr>{% endcall %}",
        "field": "{{ m.field(name, name, value=name, hint=name) }}",
        "notice": "{{ m.notice(name) }}",
        "badge": "{{ m.badge(name) }}{{ m.badge('x', name) }}",
        "plot": "{{ m.plot(plot, name) }}",
        "select": "{{ m.select(name, name, [(name, name)], name) }}",
    }
    plot = Plot(SCRIPT, SCRIPT, "day", (SCRIPT,), (Line(SCRIPT, (1.0,)),), hint=SCRIPT)
    environment = site.application.state.services.templates.environment
    source = '{% import "macros.html" as m with context %}' + sources[macro]
    text = environment.from_string(source).render(name=SCRIPT, plot=plot, form_token="")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_health_tells_nothing_but_names(make_site):
    from triage_node.web.machinery import Fact

    facts = [Fact("database", True), Fact("model", False, "weights of Doe^Jane are missing")]
    browser = make_site({"ready": lambda: facts}).browser()
    assert browser.get("/health/live").json() == {"status": "live"}
    answer = browser.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["facts"] == [{"name": "database", "ok": True}, {"name": "model", "ok": False}]


def test_what_only_wants_a_look_leaves_the_node_ready(make_site):
    from triage_node.web.machinery import Fact

    look = Fact("deliveries", False, "3 given up at PACS of Doe^Jane", is_needed=False)
    facts = [Fact("database", True), Fact("registration", True, is_needed=False), look]
    answer = make_site({"ready": lambda: facts}).browser().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "facts": [{"name": "database", "ok": True}],
        "warnings": ["deliveries"],
    }


def test_without_a_thread_the_node_lives_and_says_that_it_cannot_now(site):
    async def get(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(site.application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            return await client.get(path)

    usual = threading.stack_size(IMPOSSIBLE_STACK_BYTES)
    try:
        live, ready = asyncio.run(get("/health/live")), asyncio.run(get("/health/ready"))
    finally:
        threading.stack_size(usual)
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (ready.status_code, ready.headers["retry-after"]) == (503, "10")
