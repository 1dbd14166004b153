"""What runs the workers: the parts that need neither a model nor a cluster."""

import queue
import sys

import pytest

from triage_node import __version__
from triage_node.errors import SettingsError
from triage_node.pipeline import restarts
from triage_node.pipeline.engines import ENGINES
from triage_node.pipeline.engines.ray_status import RayStatus
from triage_node.pipeline.engines.ray_worker import EXIT_UNEXPECTED, RayWorker, check_machine
from triage_node.ray_cluster import require_ray
from triage_node.worklist import ReceivedInstance, Worklist

READY = {"ready": True, "device": "CPU", "model": "m", "version": "1", "sha256": "0"}


@pytest.fixture
def told():
    return []


@pytest.fixture
def status(told):
    return RayStatus(2, lambda **message: told.append(message))


def test_the_node_hears_of_all_workers_as_of_one(status, told):
    status.of(0)(READY)
    assert told[-1] == READY | {"device": "CPU, 1 of 2 workers under Ray", "error": ""}
    status.of(1)(READY)
    assert told[-1] == READY | {"device": "CPU, 2 of 2 workers under Ray", "error": ""}


def test_a_node_is_ready_with_one_worker_and_says_why_not_with_the_other(status, told):
    status.of(0)(READY)
    status.of(1)({"error": "exit code 3"})
    assert told[-1]["ready"]
    assert told[-1]["error"] == "1 of 2 workers are ready: exit code 3"


def test_a_node_without_a_worker_is_not_ready(status, told):
    status.of(0)(READY)
    status.of(0)({"error": "it died"})
    assert told[-1] == {"error": "it died"}


def test_the_memory_of_each_workers_gpu_is_told(status, told):
    for place in (0, 1):
        status.of(place)({"finished": {}, "gpu_memory_bytes": {"GPU:0": {"peak": place}}})
    assert told[-1]["gpu_memory_bytes"] == {"worker 0, GPU:0": {"peak": 0}, "worker 1, GPU:0": {"peak": 1}}


def test_a_machine_with_another_version_is_refused(make_settings):
    with pytest.raises(SettingsError, match=rf"has triage-node {__version__}, and the node 0\.0\.1: install the same"):
        check_machine(make_settings(), "0.0.1")


def test_a_machine_without_the_nodes_folder_is_refused(make_settings, tmp_path):
    with pytest.raises(SettingsError, match=r"has no folder .*/elsewhere: mount"):
        check_machine(make_settings(data_dir=tmp_path / "elsewhere"), __version__)


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError, match=r"pip install 'triage-node\[ray\]'"):
        require_ray()


def test_what_ends_soon_after_its_start_waits_longer_each_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(restarts.time, "monotonic", lambda: now[0])
    one, pauses = restarts.Restarts(), []
    for _ in range(9):
        one.started()
        now[0] += 1
        pauses.append(one.ended())
    assert pauses == [0, 2, 4, 8, 16, 32, 60, 60, 60]
    one.started()
    now[0] += restarts.STABLE_SECONDS + 1
    assert one.ended() == 0


@pytest.mark.parametrize(("name", "worker", "tries"), [("process", "N:1", 1), ("ray", "N:1:ab", 0)])
def test_studies_of_an_engine_that_dies_are_in_the_queue_again(make_settings, name, worker, tries):
    """A worker that dies has tried its study; who only runs workers has not."""
    worklist = Worklist(make_settings())
    worklist.prepare()
    study = ReceivedInstance("1.2", "1.2.1", "1.2.1.1", "1.2", "1.2.840.10008.1.2.1", 9, 1.0, eligible=True)
    worklist.registration.register([study])
    worklist.study_completion.advance()
    assert worklist.claims.claim(worker) is not None
    ENGINES[name].died(worklist.claims, "N:1")
    found = worklist.study_details.study("1.2")
    worklist.close()
    assert (found.state, found.attempts) == ("ready", tries)


class Failing:
    """A worker that ends by what nobody foresaw."""

    def run(self) -> int:
        raise KeyError("Doe^Jane")


def test_what_ends_a_worker_under_ray_is_told_without_its_text(caplog):
    worker = RayWorker.__new__(RayWorker)
    worker._messages = queue.SimpleQueue()
    worker._run(Failing())
    assert worker.messages() == [{"ended": EXIT_UNEXPECTED}]
    assert "worker_failed error=KeyError at" in caplog.text
    assert "Doe" not in caplog.text
