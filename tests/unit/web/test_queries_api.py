"""The worklist, the archive and the statistics as JSON: filters, pages, roles, and what may not leave."""

import pytest

from triage_node.identity import Role


def test_a_program_reads_the_worklist_page_by_page_and_each_study_once(site, analyzed):
    for number in range(5):
        analyzed(f"1.2.{number}", decision="flagged" if number == 3 else "not_flagged")
    program = site.program()
    found, after = [], None
    while True:
        query = {"limit": 2} | ({"after": after} if after else {})
        page = program.get("/api/worklist", params=query).json()
        found += [one["study_instance_uid"] for one in page["studies"]]
        after = page["next"]
        if after is None:
            break
    assert found[0] == "1.2.3", "the flagged study comes first"
    assert sorted(found) == [f"1.2.{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"decision": "flagged"}, {"1.2.1"}),
        ({"decision": ["flagged", "not_flagged"]}, {"1.2.1", "1.2.2"}),
        ({"decision": ""}, {"1.2.1", "1.2.2"}),
        ({"hemorrhage": "subdural"}, {"1.2.1"}),
        ({"station": "CT2"}, {"1.2.2"}),
        ({"text": "dupont"}, {"1.2.2"}),
        ({"text": "no such name"}, set()),
        ({"acknowledged": "yes"}, {"1.2.2"}),
        ({"received_to": "2001-01-01"}, set()),
        ({"state": "analyzed", "acknowledged": ""}, {"1.2.1", "1.2.2"}),
        ({"after": ""}, {"1.2.1", "1.2.2"}),
    ],
)
def test_filters(site, analyzed, query, expected):
    analyzed("1.2.1", station_name="CT1", patient_name="Doe^Jane")
    analyzed("1.2.2", decision="not_flagged", station_name="CT2", patient_name="Dupont^Élise")
    site.worklist.reader_actions.acknowledge("1.2.2", "person ray")
    page = site.program().get("/api/studies", params=query).json()
    assert {one["study_instance_uid"] for one in page["studies"]} == expected


@pytest.mark.parametrize(
    "query", ["decision=maybe", "limit=0", "limit=501", "after=nonsense", "received_from=soon", "after=" + "9" * 201]
)
def test_a_wrong_filter_is_said_in_a_sentence(site, query):
    answer = site.program().get(f"/api/studies?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".")


def test_one_study_says_everything_but_where_files_lie(site, analyzed):
    analyzed("1.2.1")
    answer = site.program().get("/api/studies/1.2.1")
    assert answer.json()["outcomes"][0]["flagged"] == ["subdural", "any"]
    assert "/results/" not in answer.text
    assert site.program().get("/api/studies/9.9").status_code == 404


def test_what_a_program_asked_for_is_audited_without_what_it_searched(site, analyzed):
    analyzed("1.2.1")
    site.program().get("/api/studies?text=dupont&state=analyzed")
    row = site.worklist.audit_trail.latest()[0]
    assert (row.action, row.query) == ("studies_viewed", "text=…&state=analyzed")


def test_changes_come_once(site, analyzed):
    analyzed("1.2.1")
    program = site.program()
    first = program.get("/api/changes").json()
    assert [one["study_instance_uid"] for one in first["studies"]] == ["1.2.1"]
    assert program.get(f"/api/changes?marker={first['marker']}").json()["studies"] == []


def test_a_program_acknowledges_nothing_a_reader_does(site, analyzed):
    analyzed("1.2.1")
    assert site.program().post("/api/studies/1.2.1/acknowledgement").status_code == 403
    reader = site.program(Role.READER)
    assert reader.post("/api/studies/1.2.1/acknowledgement").status_code == 204
    assert reader.post("/api/studies/1.2.1/acknowledgement").status_code == 409
    assert reader.delete("/api/studies/1.2.1/acknowledgement").status_code == 204
    assert reader.post("/api/studies/1.2.1/verdict", json={"agrees": False, "types": ["epidural"]}).status_code == 204
    assert site.worklist.study_details.study("1.2.1").verdict.types == ["epidural"]


def test_statistics_count_what_was_analyzed(site, analyzed, today):
    analyzed("1.2.1")
    analyzed("1.2.2", decision="not_flagged")
    site.worklist.reader_actions.give_verdict("1.2.1", True, [], "person ray")
    stats = site.program().get(f"/api/stats?from={today}&to={today}").json()
    assert (stats["totals"]["analyzed"], stats["totals"]["flagged"], len(stats["days"])) == (2, 1, 1)
    assert stats["agreement"]["ppv"]["of"] == 1
    assert stats["now"]["open"] == 2


def test_the_description_names_every_filter(site):
    paths = site.program().get("/api/openapi.json").json()["paths"]
    described = {one["name"]: one["description"] for one in paths["/api/worklist"]["get"]["parameters"]}
    assert {"state", "decision", "hemorrhage", "station", "text", "after", "limit"} <= set(described)
