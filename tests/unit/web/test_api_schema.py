"""Schemathesis asks every operation of the API what nobody would: nothing breaks, and answers are as described."""

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from triage_node.identity import Role
from triage_node.web.api import openapi

EXAMPLES = 12
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def operations(site):
    description = openapi.described(site.application.openapi())
    schema = schemathesis.openapi.from_dict(description)
    schema.app = site.application
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.slow
def test_whatever_is_asked_is_answered_as_described(site, analyzed, seed):
    analyzed("1.2.1")
    analyzed("1.2.2", decision="uncertain")
    headers = {"Authorization": f"Bearer {site.worklist.tokens.add('schemathesis', Role.READER)}"}
    found = operations(site)
    assert {operation.path for operation in found} >= {"/api/worklist", "/api/studies", "/api/stats", "/api/changes"}
    for operation in found:

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @hypothesis.given(case=operation.as_strategy())
        def ask(case):
            case.call_and_validate(base_url="http://127.0.0.1", headers=headers, checks=CHECKS)

        ask()


def test_a_refusal_is_described_as_it_is_sent(site):
    description = site.program().get("/api/openapi.json").json()
    assert description["openapi"].startswith("3.")
    assert "HTTPValidationError" not in str(description)
    refused = site.program().get("/api/worklist?limit=0")
    assert refused.status_code == 422
    assert isinstance(refused.json()["detail"], str)
