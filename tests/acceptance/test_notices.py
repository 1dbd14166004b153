"""A node as its users run it tells a web server, a RIS and a mail server of a flagged study."""

import json

import pytest
from ct import save
from flagged_head import flagged_head
from nodes import RunningNode
from receivers import Receivers

MINUTES = 0.02


@pytest.fixture
def receivers(tmp_path):
    receivers = Receivers(tmp_path)
    yield receivers
    receivers.close()


@pytest.fixture
def node(start, receivers):
    senior = receivers.tables()[0] | {"name": "senior", "escalate_after_minutes": MINUTES}
    environment = {"TRIAGE_DESTINATIONS": json.dumps([*receivers.tables(), senior])}
    return start(RunningNode, "node", environment=environment, public_url="https://triage.example")


def send(node, folder):
    images = flagged_head()
    node.storescu(*save(images, folder))
    return str(images[0].StudyInstanceUID)


def states(node, uid):
    return {one.destination: one.state for one in node.study(uid).deliveries}


def test_receivers_are_told_at_once_and_once_after_an_outage_and_a_kill(node, receivers, wait_for, tmp_path):
    receivers.on()
    node.wait_ready()
    first = send(node, tmp_path / "first")
    wait_for(lambda: node.state(first) == "analyzed", "the outcome", 120)
    wait_for(lambda: set(states(node, first).values()) == {"delivered"}, "all to be told", 60)
    outcome = node.study(first).latest_outcome
    assert outcome.decision == "flagged"
    for name, times in receivers.arrived.items():
        print(f"{name}: told {times[0] - outcome.created_at:.2f} s after the outcome")
    assert [event["type"].rpartition(".")[2] for event in receivers.events] == ["flagged", "unacknowledged"]
    check = node.command("check").stdout
    assert check.count("ok  ") >= 4, check

    receivers.off()
    second = send(node, tmp_path / "second")
    wait_for(lambda: node.state(second) == "analyzed", "the outcome", 120)
    wait_for(lambda: node.study(second).deliveries[0].attempts > 0, "a try")
    node.kill()
    receivers.on()
    node.start()
    wait_for(lambda: set(states(node, second).values()) == {"delivered"}, "all to be told", 60)
    by_receiver = receivers.studies()
    assert by_receiver[1:] == [[first, second]] * 2
    assert sorted(by_receiver[0]) == sorted([first, second] * 2), "the notice, and that nobody acknowledged it"
    assert len({event["id"] for event in receivers.events}) == 4
