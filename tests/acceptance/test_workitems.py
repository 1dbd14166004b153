"""A node that performs the workitems of a server and raises priorities there; also killed on the way."""

import pytest
from flagged_head import flagged_head
from nodes import RunningNode
from ups_manager import UpsManager
from web_peers import Answer

pytestmark = pytest.mark.slow


@pytest.fixture
def manager():
    manager = UpsManager()
    yield manager
    manager.stop()


def server(manager: UpsManager, **more) -> dict:
    return {"name": "ris", "url": manager.url, "performs": True, "station": "TRIAGE", "poll_seconds": 1} | more


def test_a_study_is_fetched_analyzed_and_reported_and_its_reading_comes_first(start, manager, wait_for):
    manager.images = flagged_head()
    study = str(manager.images[0].StudyInstanceUID)
    url = f"{manager.studies_url}/{study}"
    task = manager.add(study=study, retrieve_url=url, priority="HIGH")
    reading = manager.add(study=study, procedure="110005", station="READER")
    missing = manager.add(study="1.2.3.4")
    options = server(manager, priorities=True, reading="110005^DCM", wait_minutes=0.1)
    node = start(RunningNode, "node", workitem_servers=[options])
    wait_for(lambda: manager.state(task) == "COMPLETED", "the end of the workitem", 180)
    assert node.study(study).decision == "flagged"
    assert manager.progress[task][-1].startswith("flagged")
    [output] = manager.value(task, "Performed")["00404033"]["Value"]
    report = output["00081199"]["Value"][0]["00081155"]["Value"][0]
    assert report == node.study(study).outcomes[-1].report_sop_instance_uid
    wait_for(lambda: manager.value(reading, "ScheduledProcedureStepPriority") == "HIGH", "the priority")
    assert manager.state(reading) == "SCHEDULED"
    wait_for(lambda: manager.state(missing) == "CANCELED", "the end of what cannot be had")
    assert [one for one in manager.refusals if one[0] != "GET"] == []
    assert "workitems ris: answers a search for workitems" in node.command("check").stdout


@pytest.mark.parametrize("is_taken", [True, False], ids=["claim taken", "claim lost on the way"])
def test_a_node_that_is_killed_while_it_claims_goes_on_with_its_transaction_uid(start, manager, wait_for, is_taken):
    sent: list[bytes] = []

    def hold(request) -> None:
        if request.method == "PUT":
            sent.append(request.body)
        return Answer(503) if request.method == "PUT" and not is_taken else None

    manager.before = hold
    manager.after = lambda request, answer: Answer(503) if request.method == "PUT" else answer
    node = start(RunningNode, "node", workitem_servers=[server(manager, wait_minutes=0.05)])
    uid = manager.add(study="1.2.3.4")
    wait_for(lambda: sent, "the claim")
    node.kill()
    manager.before, manager.after = (lambda _: None), (lambda _, answer: answer)
    node.start()
    wait_for(lambda: manager.state(uid) == "CANCELED", "the end")
    assert manager.owners[uid].encode() in sent[0]


def test_a_node_that_is_killed_at_the_end_ends_it_once(start, manager, wait_for):
    ends: list[str] = []

    def lose(request, answer) -> Answer:
        if request.method == "PUT" and b"CANCELED" in request.body:
            ends.append(request.path)
            return Answer(503)
        return answer

    manager.after = lose
    node = start(RunningNode, "node", workitem_servers=[server(manager, wait_minutes=0.02)])
    uid = manager.add(study="1.2.3.4")
    wait_for(lambda: ends, "the end")
    node.kill()
    manager.after = lambda _, answer: answer
    node.start()
    wait_for(lambda: node.worklist.performances.get("ris", uid).step == "canceled", "its being known")
    assert manager.state(uid) == "CANCELED"
