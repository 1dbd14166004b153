"""What the OpenAPI description says of types, roles and signing in."""

import pytest

from triage_node.identity import Role


@pytest.fixture
def description(site):
    return site.program().get("/api/openapi.json").json()


def operations(description):
    return [
        (method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def types_in(schema):
    """Every schema that says nothing of a value."""
    if isinstance(schema, dict):
        for name, one in schema.items():
            if name in ("items", "additionalProperties") and one in ({}, True):
                yield schema
            yield from types_in(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from types_in(one)


def test_every_json_answer_has_a_type(description):
    for method, path, operation in operations(description):
        for status, answer in operation["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                if media_type in ("application/json", "application/dicom+json") and not path.endswith("/report"):
                    assert content.get("schema"), (method, path, status)
    assert not list(types_in(description["components"]["schemas"]))


def test_a_study_is_described_field_by_field_and_without_the_folders_of_the_disk(description, site, analyzed):
    analyzed("1.2.1")
    study = site.program().get("/api/studies/1.2.1").json()
    schemas = description["components"]["schemas"]
    assert set(schemas["Study"]["properties"]) == set(study) == set(schemas["Study"]["required"])
    assert "folder" not in schemas["StudyOutcome"]["properties"]
    probabilities = schemas["StudySummary"]["properties"]["probabilities"]
    assert probabilities["anyOf"][0]["additionalProperties"] == {"type": "number"}


def test_dicomweb_and_workitems_are_described(description):
    paths = description["paths"]
    assert {"get", "post"} <= set(paths["/dicomweb/studies"])
    assert {"get", "post"} <= set(paths["/dicomweb/workitems"])
    assert "options" in paths["/dicomweb"]
    assert "put" in paths["/dicomweb/workitems/{workitem_uid}/state"]
    names = [one["name"] for one in paths["/dicomweb/studies"]["get"]["parameters"]]
    assert {"PatientID", "StudyDate", "ModalitiesInStudy", "limit", "includefield"} <= set(names)
    sent = paths["/dicomweb/studies"]["post"]["requestBody"]["content"]
    assert list(sent) == ['multipart/related; type="application/dicom"']
    assert set(paths["/dicomweb/studies"]["post"]["responses"]) >= {"200", "202", "409", "503"}


def test_every_parameter_of_a_path_is_described_and_no_other(description):
    for method, path, operation in operations(description):
        named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, (method, path)


def test_every_operation_says_how_one_signs_in_and_for_whom_it_is(description):
    schemes = description["components"]["securitySchemes"]
    assert schemes["session"] == schemes["session"] | {"in": "cookie", "name": "triage"}
    for method, path, operation in operations(description):
        if path.startswith("/health/"):
            assert operation["security"] == []
            continue
        assert {"token": []} in operation["security"], (method, path)
        assert operation["x-roles"], (method, path)
        with_session = [one for one in operation["security"] if "session" in one]
        assert all(("formToken" in one) == (method not in ("get", "options")) for one in with_session)


def test_the_cookie_has_another_name_with_tls(make_site):
    description = make_site(web_behind_proxy=True).program().get("/api/openapi.json").json()
    assert description["components"]["securitySchemes"]["session"]["name"] == "__Host-triage"


def test_monitoring_sees_how_the_node_is_and_no_patient(site, analyzed):
    analyzed("1.2.1")
    monitoring = site.program(Role.MONITORING)
    assert monitoring.get("/api/system").json()["queues"]["studies"] == {"analyzed": 1}
    for path in ("/api/worklist", "/api/studies/1.2.1", "/api/events", "/dicomweb/studies", "/wado", "/api/stats"):
        assert monitoring.get(path).status_code == 403, path


def test_a_study_in_the_query_is_not_taken_for_one_in_the_path(site):
    answer = site.program().post("/dicomweb/studies?study_instance_uid=1.2.3", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
