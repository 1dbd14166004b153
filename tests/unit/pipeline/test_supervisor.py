"""The inference process from the node's side, with the real worker."""

import os
import signal

import pytest
from programs import WITHOUT_EXTRAS

from triage_node.pipeline.supervisor import Supervisor
from triage_node.worklist import Worklist

pytestmark = pytest.mark.slow


@pytest.fixture
def supervise(make_settings, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", WITHOUT_EXTRAS["PYTHONPATH"])
    started = []

    def supervise(**options) -> Supervisor:
        settings = make_settings(**options)
        worklist = Worklist(settings)
        worklist.prepare()
        started.append((Supervisor(settings, worklist), worklist))
        started[-1][0].check()
        return started[-1][0]

    yield supervise
    for supervisor, worklist in started:
        supervisor.stop()
        worklist.close()


def test_the_worker_says_what_it_runs_on(supervise):
    status = supervise().wait_ready(120)
    assert status.ready, status.error
    assert status.device
    assert status.model


def test_a_worker_that_dies_is_started_again(supervise, wait_for):
    supervisor = supervise()
    first = supervisor.pid
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: supervisor.check() or supervisor.pid not in (None, first), "a new worker")
    assert supervisor.wait_ready(120).ready


def test_a_model_that_is_not_there_is_named(supervise):
    status = supervise(model="no-such-model").wait_ready(60)
    assert not status.ready
    assert "no-such-model" in status.error


def test_stopping_leaves_no_process(supervise, wait_for):
    supervisor = supervise()
    pid = supervisor.pid
    supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
