"""Not analyzed, model, settings, audit trail, people and tokens."""

import csv
import io
import re
from datetime import date

import pytest
from sites import ADMINISTRATOR, PASSWORD, READER, token_in

from triage_node.findings import ModelIdentity
from triage_node.identity import Access, Role
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.web.views.model_card import card_sections

HOSTILE = "<script>alert(1)</script>^Eve"


@pytest.fixture
def admin(site):
    return site.signed_in(ADMINISTRATOR)


@pytest.fixture
def failed(site, analyzed, clock):
    """Register a study that fails, or is unsuitable, for a reason."""

    def failed(uid: str, code: ReasonCode, **more: str) -> None:
        analyzed(uid, register_only=True, **more)
        clock.forward(61)
        site.worklist.study_completion.advance()
        claim = site.worklist.claims.claim("w")
        outcome = Outcome(Status.UNSUITABLE, ModelIdentity("net", "1", "ab"), reasons=(Reason.of(code),))
        assert site.worklist.claims.finish(claim, outcome, [])

    return failed


def rows(answer):
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_studies_are_found_by_reason_and_a_name_runs_nothing(site, admin, failed, analyzed):
    failed("1.2.1", ReasonCode.NOT_HEAD, patient_name=HOSTILE, patient_id="=1+1", study_description="@sum")
    failed("1.2.2", ReasonCode.CONTRAST, patient_name="Doe^Jane")
    analyzed("1.2.3", patient_name="Roe^Fine")
    page = admin.get("/admin/not-analyzed").text
    assert "Doe, Jane" in page
    assert "Roe Fine" not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    only = admin.get("/admin/not-analyzed?reason=not_head&received_from=&received_to=").text
    assert "Doe, Jane" not in only
    assert "/studies/1.2.1" in only
    [row] = rows(admin.get("/admin/not-analyzed.csv?reason=not_head"))
    assert (row["patient_id"], row["study_description"], row["reasons"]) == ("'=1+1", "'@sum", "not_head")
    assert admin.get("/admin/not-analyzed?reason=nonsense").status_code == 422
    assert "No study matches" in admin.get("/admin/not-analyzed?reason=failed").text
    actions = [one.action for one in site.worklist.audit_trail.latest(10)]
    assert {"not_analyzed_viewed", "not_analyzed_exported"} <= set(actions)


def test_the_model_shows_card_figures_thresholds_and_identity(site, admin):
    from triage_node.models import read_manifest

    manifest = read_manifest(site.settings.model)
    page = admin.get("/admin/model").text
    for shown in (manifest.sha256, manifest.weights_sha256, manifest.version, "Not validated on clinical studies"):
        assert shown in page, shown
    assert page.count("<h1>") == 1
    assert '<table tabindex="0">' in page
    thresholds = {row["label"]: float(row["flag"]) for row in rows(admin.get("/admin/model/thresholds.csv"))}
    assert thresholds == pytest.approx(dict(manifest.thresholds.flag), abs=1e-6)
    assert {row["label"] for row in rows(admin.get("/admin/model/figures.csv"))} >= {"subdural", "any"}


def test_a_card_of_somebody_else_runs_nothing(tmp_path):
    (tmp_path / "CARD.md").write_text(
        "# Mine\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n![p](https://x.example/p.png)\n\n"
        "[go](javascript:alert(1)) [data](data:text/html;base64,PHNjcmlwdD4=) [fine](https://example.org/)\n\n"
        "| a | |\n|---|---|\n| <b>1</b> | 2 |\n"
    )
    html = "".join(one.html for one in card_sections(tmp_path))
    assert "Mine" not in html, "its title is the page's"
    assert '<table tabindex="0">' in html
    assert "<th></th>" not in html
    for harmful in ("<script", "<img", "<b>", 'href="javascript', 'href="data:'):
        assert harmful not in html, harmful
    assert 'href="https://example.org/"' in html
    assert card_sections(tmp_path / "nowhere") == []


def test_settings_show_where_they_come_from_and_no_secret(make_site, make_settings, monkeypatch, tmp_path):
    monkeypatch.setenv("TRIAGE_OPENID_CLIENT_SECRET", "hush-hush")
    monkeypatch.setenv(
        "TRIAGE_VIEWER_URL_TEMPLATE", "https://u:hush-hush@v.example/?s={study_instance_uid}&token=hush-hush"
    )
    address = f"sqlite:///{tmp_path / 'w.sqlite'}?check_same_thread=false&timeout=30"
    admin = make_site(database_url=address).signed_in(ADMINISTRATOR)
    page = admin.get("/admin/settings").text
    assert "hush-hush" not in page
    assert "timeout" not in re.search(r"database_url.*?</tr>", page, re.DOTALL)[0]
    found = {row["setting"]: row for row in rows(admin.get("/admin/settings.csv"))}
    assert "hush-hush" not in str(found)
    assert found["openid_client_secret"] | {"what_it_is": ""} == {
        "setting": "openid_client_secret",
        "value": "set, not shown",
        "from": "environment",
        "what_it_is": "",
    }
    assert found["viewer_url_template"]["value"] == "https://…@v.example/?s={study_instance_uid}&token=…"
    assert found["database_url"]["from"] == "option"
    assert (found["log_level"]["value"], found["log_level"]["from"]) == ("INFO", "default")


def test_the_audit_trail_is_filtered_and_paged(site, admin, analyzed, clock):
    analyzed("1.2.1")
    reader = site.signed_in()
    reader.get("/studies/1.2.1")
    reader.get("/admin/audit")
    site.worklist.audit_trail.append([Access(clock(), "ada", "administrator", "::1", "looked")] * 205)
    page = admin.get("/admin/audit").text
    assert "Next page" in page
    refused = rows(admin.get("/admin/audit.csv?refused=yes"))
    assert [(row["user_name"], row["action"], row["allowed"]) for row in refused] == [
        (READER, "audit_trail_viewed", "False")
    ]
    [viewed] = rows(admin.get("/admin/audit.csv?study=1.2.1"))
    assert (viewed["user_name"], viewed["action"]) == (READER, "study_viewed")
    assert len(rows(admin.get("/admin/audit.csv?action=looked&user_name=ada"))) == 205
    today = date.fromtimestamp(clock())
    assert len(rows(admin.get(f"/admin/audit.csv?received_from={today}&received_to={today}"))) > 205
    assert rows(admin.get(f"/admin/audit.csv?received_to={date.fromordinal(today.toordinal() - 1)}")) == []
    assert admin.get("/admin/audit?received_from=1000-01-01").status_code == 422
    following = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    assert "study viewed" in admin.get(following).text


def test_reading_in_a_row_is_one_line_and_changes_and_refusals_are_not_folded(site, admin, analyzed, clock):
    analyzed("1.2.1", patient_name="Doe^Jane", accession_number="A77")
    looked = [("study_viewed", "1.2.1"), ("images_viewed", "1.2.1"), ("worklist_viewed", "")]
    trail = [Access(clock(), "ray", "reader", "10.0.0.5", action, uid) for action, uid in looked]
    trail.append(Access(clock(), "ray", "reader", "10.0.0.5", "study_judged", "1.2.1"))
    trail.append(Access(clock(), "ray", "reader", "10.0.0.5", "audit_trail_viewed", allowed=False))
    trail.append(Access(clock(), "ray", "reader", "10.0.0.5", "study_viewed", "9.9.9"))
    site.worklist.audit_trail.append(trail)
    page = admin.get("/admin/audit?user_name=ray").text
    assert page.count("<tr><td>") == 4
    assert "reading, 3 times" in page
    assert page.index("audit trail viewed") < page.index("study judged") < page.index("reading, 3 times")
    assert "Doe, Jane" in page
    assert "A77" in page
    assert ">9.9.9<" in page, "the worklist knows it no more"
    assert {row["study_instance_uid"] for row in rows(admin.get("/admin/audit.csv?study=A77"))} == {"1.2.1"}
    assert len(rows(admin.get("/admin/audit.csv?study=9.9.9"))) == 1


def test_refused_accesses_come_from_an_index(site):
    from sqlalchemy import select

    from triage_node.database.tables.account_tables import AuditRow
    from triage_node.identity import AuditFilters
    from triage_node.identity.audit_trail import _conditions

    with site.worklist.database.read() as session:
        query = select(AuditRow.id).where(*_conditions(session, AuditFilters(refused_only=True)))
        sql = str(query.order_by(AuditRow.id.desc()).limit(5).compile(compile_kwargs={"literal_binds": True}))
        plan = str(session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all())
    assert "audit_refused" in plan


def test_people_are_added_changed_and_removed(site, admin):
    page = admin.submit("/admin/people/add", name="rita", role="reader").text
    password = re.search(r'class="secret">([^<]+)<', page)[1]
    browser = site.browser()
    token_in(browser, browser.get("/sign-in").text)
    assert browser.submit("/sign-in", name="rita", password=password).status_code == 303
    assert browser.get("/worklist").headers["location"] == "/account/password"
    assert (
        "rita has the role administrator" in admin.submit("/admin/people/role", name="rita", role="administrator").text
    )
    assert browser.get("/worklist").headers["location"].startswith("/sign-in"), "signed out"
    again = admin.submit("/admin/people/password", name="rita").text
    assert re.search(r'class="secret">([^<]+)<', again)[1] != password
    assert admin.submit("/admin/people/remove", name="rita").status_code == 200
    assert {user.name for user in site.worklist.accounts.all()} == {ADMINISTRATOR, READER}
    entries = [(one.action, one.query) for one in site.worklist.audit_trail.latest(20)]
    for action in ("user_added", "user_role_changed", "user_password_reset", "user_removed"):
        assert (action, "name=rita") in entries
    assert password not in str(entries)


def test_the_last_administrator_stays_one(site, admin):
    assert admin.submit("/admin/people/remove", name=ADMINISTRATOR.upper()).status_code == 422
    assert admin.submit("/admin/people/role", name=ADMINISTRATOR, role="reader").status_code == 422
    assert admin.submit("/admin/people/add", name="svc", role="service").status_code == 422
    assert admin.submit("/admin/people/add", name="<b>", role="reader").status_code == 422
    assert "&lt;b&gt;" in admin.submit("/admin/people/add", name="<b>", role="reader").text
    assert site.signed_in(ADMINISTRATOR, PASSWORD).get("/admin").status_code == 200


@pytest.mark.parametrize("role", ["storage", "monitoring"])
def test_a_token_has_the_role_that_was_chosen(site, admin, role):
    assert f"its role is {role}" in admin.submit("/admin/tokens/add", name="ris", days="30", role=role).text
    assert site.worklist.tokens.all()[0].role == role


def test_no_token_of_a_person_is_made_on_the_page(site, admin):
    assert admin.submit("/admin/tokens/add", name="ris", days="30", role="administrator").status_code == 422
    assert site.worklist.tokens.all() == []


def test_a_token_is_shown_once_and_works_until_it_is_removed(site, admin):
    page = admin.submit("/admin/tokens/add", name="ris", days="30").text
    secret = re.search(r'class="secret">([^<]+)<', page)[1]
    assert secret not in admin.get("/admin/people").text
    program = site.browser()
    program.headers["Authorization"] = f"Bearer {secret}"
    assert program.get("/api/system").status_code == 200
    assert program.get("/admin").status_code == 403
    assert site.worklist.tokens.all()[0].role is Role.SERVICE
    admin.submit("/admin/tokens/remove", name="ris")
    assert program.get("/api/system").status_code == 401
    kinds = [(row["kind"], row["name"]) for row in rows(admin.get("/admin/people.csv"))]
    assert ("person", READER) in kinds


def test_a_reader_sees_no_administration(site):
    reader = site.signed_in()
    assert "Administration" not in reader.get("/statistics").text
    for path in ("/admin", "/admin/not-analyzed", "/admin/model", "/admin/settings", "/admin/audit", "/admin/people"):
        assert reader.get(path).status_code == 403, path
        assert reader.get(f"{path}.csv").status_code in (403, 404), path


def test_a_program_requeues_and_resends(site, analyzed):
    analyzed("1.2.1")
    program = site.program()
    assert program.post("/api/studies/1.2.1/resend").json() == {"reports": 0}
    delivery = site.worklist.outbox.claim_next("PACS@127.0.0.1:1")
    site.worklist.outbox.mark_dead(delivery, "refused")
    assert program.post("/api/studies/1.2.1/resend").json() == {"reports": 1}
    assert program.post("/api/studies/1.2.1/requeue").status_code == 204
    assert program.post("/api/studies/1.2.1/requeue").status_code == 409
    assert program.post("/api/studies/9.9/resend").status_code == 404
    study = site.worklist.study_details.study("1.2.1")
    assert study.state == "ready"
    assert study.events[-1].actor.startswith("token ")
    reader = site.program(Role.READER)
    assert reader.post("/api/studies/1.2.1/requeue").status_code == 403
