"""What `triage-node check` says of workers under Ray; with a cluster: tests/acceptance/test_ray_workers.py."""

import sys

import pytest
from programs import free_port

from triage_node.checks.result import Level
from triage_node.checks.workers import check_workers
from triage_node.errors import SettingsError


def test_without_ray_in_the_settings_nothing_is_tried(make_settings):
    assert not list(check_workers(make_settings()))


def test_ray_that_is_missing_is_named_with_its_extra(make_settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    [found] = check_workers(make_settings(worker_engine="ray"))
    assert found.level is Level.FAILED
    assert "pip install 'triage-node[ray]'" in found.message


def test_a_cluster_of_this_machine_is_not_started(make_settings):
    [found] = check_workers(make_settings(worker_engine="ray"))
    assert (found.level, found.message) == (Level.OK, "Ray is installed; the node starts a cluster of this machine")


def test_a_cluster_that_is_not_there_is_named(make_settings):
    address = f"127.0.0.1:{free_port()}"
    [found] = check_workers(make_settings(worker_engine="ray", ray_address=address))
    assert found.level is Level.FAILED
    assert found.message.startswith(f"There is no cluster of Ray at {address}: ")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ray_address": "auto"}, "wants worker_engine = ray"),
        ({"worker_engine": "ray", "ray_address": "ray://head:10001"}, "not of the form HOST:PORT"),
        ({"worker_engine": "ray", "ray_workers": 0}, "ray_workers"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make_settings, settings, words):
    with pytest.raises(SettingsError, match=words):
        make_settings(**settings)
