"""What no text of a database may hold (on PostgreSQL NUL, on none half a character) fails no other request."""

import pytest
from sites import ADMINISTRATOR, token_in

NUL = "a%00b"
PATHS = [
    f"/studies/{NUL}",
    f"/studies/{NUL}/series",
    f"/worklist?search={NUL}",
    f"/worklist?station={NUL}",
    f"/admin/audit?user={NUL}&study={NUL}",
    f"/admin/not-analyzed?reason={NUL}",
    f"/api/studies?patient_id={NUL}",
    f"/api/studies?state={NUL}",
    f"/api/studies?after={NUL}",
    f"/api/studies/{NUL}",
    f"/api/studies/{NUL}/slices",
    f"/dicomweb/studies?PatientName={NUL}",
    f"/dicomweb/studies?{NUL}=1",
    f"/dicomweb/studies/{NUL}/metadata",
    f"/dicomweb/series?SeriesInstanceUID={NUL}",
    f"/dicomweb/instances?includefield={NUL}",
    f"/dicomweb/workitems?PatientID={NUL}",
    f"/dicomweb/workitems/{NUL}",
]


@pytest.fixture
def site(make_site, database_url):
    return make_site(database_url=database_url)


def test_a_nul_in_an_address_is_the_requests_fault(site, analyzed):
    analyzed("1.2.3")
    browser = site.signed_in(ADMINISTRATOR)
    statuses = {path: browser.get(path).status_code for path in PATHS}
    assert {path: status for path, status in statuses.items() if status >= 500} == {}
    assert browser.get("/studies/1.2.3").status_code == 200
    looked_at = [row.study_instance_uid for row in site.worklist.audit_trail.latest()]
    assert {"a\ufffdb", "1.2.3"} <= set(looked_at), "what was asked for is in the audit trail all the same"


def test_a_nul_in_a_form_is_the_requests_fault(site, analyzed):
    analyzed("1.2.3")
    browser = site.browser()
    token_in(browser, browser.get("/sign-in").text)
    forms = [browser.submit("/sign-in", name=name, password=word) for name, word in [("a\0b", "x"), ("ada", "\0")]]
    browser = site.signed_in(ADMINISTRATOR)
    forms += [browser.submit(f"/admin/{of}/add", name="a\0b", role="reader") for of in ("people", "tokens")]
    forms.append(browser.submit("/studies/1.2.3/comment", text="a\0b"))
    assert [form.status_code for form in forms if form.status_code >= 500] == []
    assert browser.get("/worklist").status_code == 200
