"""The page that describes the API: complete, from the node alone, and for whoever may use it."""

import re

import pytest

from triage_node.identity import Role


def test_every_operation_and_model_is_on_the_page(site):
    program = site.program()
    description = program.get("/api/openapi.json").json()
    page = program.get("/api", headers={"Accept": "text/html"}).text
    for methods in description["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
    links = set(re.findall(r'href="#model-([^"]+)"', page))
    assert {"StudySummary", "Refusal", "DataSet"} <= links
    assert links <= set(re.findall(r'id="model-([^"]+)"', page))


def test_the_page_runs_nothing_and_loads_nothing_from_elsewhere(site):
    page = site.signed_in().get("/api")
    assert page.status_code == 200
    assert "unsafe" not in page.headers["content-security-policy"]
    for address in re.findall(r'(?:src|href)="([^"]*)"', page.text):
        assert address.startswith(("/", "#")), address
    assert not re.search(r"<script>| style=| on\w+=", page.text)


@pytest.mark.parametrize("role", [Role.READER, Role.ADMINISTRATOR, Role.SERVICE, Role.MONITORING])
def test_every_role_may_read_it(site, role):
    assert site.program(role).get("/api").status_code == 200
    assert site.program(role).get("/api/openapi.json").status_code == 200


def test_who_is_not_signed_in_is_sent_to_sign_in(site):
    assert site.browser().get("/api").status_code == 303
