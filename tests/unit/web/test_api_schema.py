"""Schemathesis asks every operation what nobody would: nothing breaks, and answers are as described.

TRIAGE_SCHEMATHESIS_EXAMPLES asks each more often.
"""

import os

import hypothesis
import pytest
import schemathesis
from ct import head_ct, save
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from multipart import CONTENT_TYPE, body_of_files
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from triage_node.identity import Role
from triage_node.web.views.api_description import description_of

EXAMPLES = int(os.environ.get("TRIAGE_SCHEMATHESIS_EXAMPLES", 5))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STORES = ("/dicomweb/studies", "/dicomweb/studies/{study_instance_uid}")


@schemathesis.serializer("multipart/related")
def as_it_is(_context, value):
    """The bytes of a body, whatever they are."""
    return value if isinstance(value, bytes) else str(value).encode()


def operations(site):
    schema = schemathesis.openapi.from_dict(description_of(site.application, "triage"))
    schema.app = site.application
    return [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
def known(site, analyzed, tmp_path):
    """What is there, by the names of paths' parameters, and the body that stored it."""
    analyzed("1.2.1")
    [ds] = head_ct(slices=1, size=(16, 16))
    body = body_of_files(save([ds], tmp_path / "ct"))
    program = site.program()
    stored = program.post("/dicomweb/studies", content=body, headers={"Content-Type": CONTENT_TYPE})
    assert stored.status_code == 200, stored.text
    workitems = program.get("/dicomweb/workitems").json()
    uids = {
        "study_instance_uid": ds.StudyInstanceUID,
        "series_instance_uid": ds.SeriesInstanceUID,
        "sop_instance_uid": ds.SOPInstanceUID,
        "workitem_uid": workitems[0]["00080018"]["Value"][0],
        "frames": "1",
        "frame": "1",
        "tag": "7FE00010",
        "index": 0,
    }
    return {name: str(value) for name, value in uids.items()}, body


def ask(case, named, body, token, is_known):
    """Ask one thing; where ``is_known`` of what is there, so that more than refusals is looked at."""
    headers = {"Authorization": f"Bearer {token}"}
    if case.operation.path == "/api/events":
        case.query["seconds"] = 0
    if is_known:
        case.path_parameters = {name: named.get(name, value) for name, value in (case.path_parameters or {}).items()}
    if is_known and case.operation.path in STORES and case.method == "POST":
        case.body, headers["Content-Type"] = body, CONTENT_TYPE
    return case.call_and_validate(base_url="http://127.0.0.1", headers=headers, checks=CHECKS)


@pytest.mark.slow
def test_whatever_is_asked_is_answered_as_described(site, known, seed):
    tokens = {role: site.worklist.tokens.add(f"schemathesis-{role}", role) for role in (Role.SERVICE, Role.READER)}
    found = operations(site)
    assert {operation.path for operation in found} >= {
        "/api/worklist", "/api/studies", "/api/stats", "/api/changes", "/api/events", "/dicomweb", *STORES,
        "/dicomweb/workitems/{workitem_uid}/state", "/wado",
    }  # fmt: skip
    good = set()
    for operation in found:
        roles = operation.definition.raw["x-roles"]
        token = tokens[Role.SERVICE if "service" in roles else Role.READER]

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @hypothesis.given(case=operation.as_strategy(), is_known=st.sampled_from([True, True, False]))
        def ask_often(case, is_known):
            answer = ask(case, *known, token, is_known)  # noqa: B023 - it is asked before the next one
            if answer.status_code < 300:
                good.add(case.operation.path)

        ask_often()
    assert good >= {"/api/studies", "/dicomweb/studies/{study_instance_uid}/metadata", STORES[0]}, good


def test_a_refusal_is_described_as_it_is_sent(site):
    description = site.program().get("/api/openapi.json").json()
    assert description["openapi"].startswith("3.")
    assert "HTTPValidationError" not in str(description)
    refused = site.program().get("/api/worklist?limit=0")
    assert refused.status_code == 422
    assert isinstance(refused.json()["detail"], str)
