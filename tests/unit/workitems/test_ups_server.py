"""A server of workitems over HTTP as it is: also one that speaks another dialect, or nonsense."""

import json

import pytest
from ups_manager import UpsManager
from web_peers import Answer

from triage_node.endpoints.workitem_servers import WorkitemServer
from triage_node.errors import PeerCongested, PeerDenied, PeerUnreachable
from triage_node.user_agent import Caller
from triage_node.workitems import UpsServer
from triage_node.workitems.manager import WorkitemRefused
from triage_node.workitems.workitem import Workitem

LOCK = "1.7.7"


@pytest.fixture
def server(manager):
    servers = []

    def server(**options) -> UpsServer:
        chosen = {"station": "TRIAGE", "performs": True} | options
        settings = WorkitemServer(url=manager.url, name="ris", **chosen)
        servers.append(UpsServer(settings, Caller("TRIAGE", 2.0, 2.0)))
        return servers[-1]

    yield server
    for one in servers:
        one.rest()


@pytest.mark.parametrize("wants_array", [True, False])
def test_a_data_set_is_sent_as_the_server_takes_it_and_that_is_kept(manager: UpsManager, server, wants_array):
    manager.wants_array = wants_array
    uids = [manager.add(), manager.add()]
    asked = server()
    for uid in uids:
        asked.claim(uid, LOCK)
    assert {manager.state(uid) for uid in uids} == {"IN PROGRESS"}
    assert len(manager.refusals) == (0 if wants_array else 1)


def test_what_is_refused_in_both_forms_is_refused(manager, server):
    uid = manager.add()
    asked = server()
    asked.claim(uid, LOCK)
    with pytest.raises(WorkitemRefused, match="ris answered 400"):
        asked.end(uid, "1.8.8", "CANCELED")
    with pytest.raises(WorkitemRefused, match="ris answered 409"):
        asked.claim(uid, LOCK)
    assert manager.state(uid) == "IN PROGRESS"


def test_a_server_may_want_a_requester_in_the_address_of_a_change(manager, server):
    manager.state_path = ["state", "TRIAGE"]
    uid = manager.add()
    server(requester="TRIAGE").claim(uid, LOCK)
    assert manager.state(uid) == "IN PROGRESS"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(404), PeerDenied),
        (Answer(401), PeerDenied),
        (Answer(503), PeerCongested),
        (Answer(200, b"<html>"), PeerUnreachable),
        (Answer(400), WorkitemRefused),
    ],
)
def test_a_search_that_fails_says_what_is_wrong(manager, server, answer, error):
    manager.before = lambda _: answer
    with pytest.raises(error):
        server().scheduled()


@pytest.mark.parametrize(
    "content",
    [
        [],
        [1, None, "x"],
        {},
        [{"00080018": 5}],
        [{"00080018": {"vr": "UI", "Value": [{"a": 1}]}}],
        [{"00404021": {"Value": [3]}, "00080018": {"Value": ["1.2"]}, "00741000": {"Value": ["SCHEDULED"]}}],
    ],
)
def test_nonsense_is_no_workitem(manager, server, content):
    manager.before = lambda _: Answer(200, json.dumps(content).encode())
    assert server().scheduled() == []


def test_a_workitem_without_a_state_is_not_taken_for_one_that_ended(manager, server):
    manager.before = lambda _: Answer(200, b"[{}]")
    with pytest.raises(PeerUnreachable, match="no workitem"):
        server().retrieve("1.2")


def test_a_workitem_alone_may_come_without_an_array(manager, server):
    uid = manager.add()
    answer = json.dumps(manager.items[uid]).encode()
    manager.before = lambda _: Answer(200, answer)
    assert server().retrieve(uid).study == "1.2.3"


@pytest.mark.parametrize(
    ("inputs", "requested", "study"),
    [
        (("1",), (), "1"),
        (("1", "2"), ("2",), "2"),
        ((), ("2",), "2"),
        (("1",), ("2",), "1"),
        (("1", "2"), (), ""),
        (("1", "2"), ("1", "2"), ""),
        ((), (), ""),
    ],
)
def test_which_study_a_workitem_is_about(inputs, requested, study):
    assert Workitem("1.9", "SCHEDULED", inputs=inputs, requested=requested).study == study
