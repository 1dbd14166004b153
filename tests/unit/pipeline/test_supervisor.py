"""The inference process from the node's side, with the real worker."""

import os
import signal

import pytest
from programs import WITHOUT_EXTRAS

from triage_node.pipeline.supervisor import Supervisor
from triage_node.worklist import ReceivedInstance, Worklist

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


@pytest.mark.parametrize(("number", "tries"), [(signal.SIGTERM, 0), (signal.SIGKILL, 1)])
def test_a_worker_that_was_asked_to_end_costs_its_study_no_try(supervise, wait_for, number, tries):
    supervisor = supervise()
    first, claims = supervisor.pid, supervisor._worklist.claims
    study = ReceivedInstance("1.2", "1.2.1", "1.2.1.1", "1.2", "1.2.840.10008.1.2.1", 9, 1.0, eligible=True)
    supervisor._worklist.registration.register([study])
    supervisor._worklist.study_completion.advance()
    assert claims.claim(f"{supervisor._settings.node_name}:{first}") is not None
    os.kill(first, number)
    state = lambda: supervisor.check() or supervisor._worklist.study_details.study("1.2")  # noqa: E731
    wait_for(lambda: state().state == "ready", "the study to be back in the queue")
    assert supervisor._worklist.study_details.study("1.2").attempts == tries
