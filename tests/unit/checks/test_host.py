"""Clock, time zone, user, limits and GPU."""

import os
import re
import time

import pytest
from web_peers import Answer, WebPeer

from triage_node.checks.clock import _untold, check_clock, is_synchronized
from triage_node.checks.host import check_host, check_open_files, check_zone
from triage_node.checks.listener import check_listener
from triage_node.checks.model import check_model
from triage_node.checks.processes import Process
from triage_node.checks.result import Level
from triage_node.user_agent import Caller


@pytest.fixture
def web():
    peer = WebPeer(lambda _: Answer(204))
    yield peer
    peer.stop()


@pytest.mark.parametrize(
    ("ahead", "level", "words"),
    [
        (0, Level.OK, "within 5 s"),
        (30, Level.WARNING, "s ahead of"),
        (-30, Level.WARNING, "s behind"),
        (3600, Level.FAILED, "s ahead of"),
    ],
)
def test_the_clock_is_compared_with_the_date_of_a_web_server(make_settings, web, ahead, level, words):
    settings = make_settings(destinations=[web.url])
    [result] = check_clock(settings, Caller.of(settings), lambda: time.time() + ahead)
    assert (result.name, result.level) == ("clock", level)
    assert words in result.message
    seconds = int(re.search(r"(\d+) s", result.message)[1])
    assert abs(seconds - (abs(ahead) or 5)) <= 2, "a Date has whole seconds"
    assert level is Level.OK or "timedatectl" in result.message


def test_that_nobody_tells_the_time_is_said(make_settings):
    settings = make_settings(destinations=["PACS@127.0.0.1:1", "http://127.0.0.1:1/studies"])
    [result] = check_clock(settings, Caller.of(settings))
    assert "none of the systems that are called tells its time" in result.message
    assert is_synchronized() in (True, False, None)
    assert (_untold(False).level, _untold(True).level, _untold(None).level) == (Level.WARNING, Level.OK, Level.OK)


def test_a_zone_that_nobody_set_is_asked_for(make_settings):
    assert check_zone(make_settings(), ("UTC", "UTC")).level is Level.WARNING
    assert check_zone(make_settings(timezone="Europe/Berlin"), ("UTC", "UTC")).message == "Europe/Berlin"
    assert check_zone(make_settings(), ("CET", "CEST")).level is Level.OK


def test_as_many_files_are_wanted_as_senders_and_browsers_need(make_settings):
    result = check_open_files(make_settings(), 512)
    assert (result.level, "set LimitNOFILE=1024" in result.message) == (Level.WARNING, True)
    assert "lower maximum_associations" in check_open_files(make_settings(maximum_associations=9999), 1024).message
    assert check_open_files(make_settings(), 1024).level is Level.OK
    assert "of the running node" in check_open_files(make_settings(), None, Process(1, "x")).message


def test_root_is_told(make_settings):
    levels = {one.name: one.level for one in check_host(make_settings(), None)}
    assert levels.get("user") == (Level.WARNING if os.geteuid() == 0 else None)


def test_a_listener_that_is_open_to_everybody_is_told(make_settings):
    assert check_listener(make_settings()).level is Level.OK
    result = check_listener(make_settings(dicom_host="0.0.0.0", allowed_peers=["*"]))
    assert (result.level, "everybody may send; name who may" in result.message) == (Level.WARNING, True)
    for peers in (["*@10.0.0.0/8"], ["CT1"]):
        assert check_listener(make_settings(dicom_host="0.0.0.0", allowed_peers=peers)).level is Level.OK


def test_a_gpu_that_tensorflow_does_not_find_is_told(make_settings, tmp_path):
    assert [one.name for one in check_model(make_settings(), tmp_path)] == ["model"]
    (tmp_path / "nvidia0").touch()
    (tmp_path / "nvidiactl").touch()
    [model, gpu] = check_model(make_settings(), tmp_path)
    if gpu.level is Level.OK:
        pytest.skip("this machine has a GPU that TensorFlow finds")
    assert (gpu.level, "has 1 (nvidia0)" in gpu.message, "triage-node[gpu]" in gpu.message) == (
        Level.WARNING,
        True,
        True,
    )
    assert model.level is Level.OK


def test_a_model_that_is_not_there_fails(make_settings, tmp_path):
    [result] = check_model(make_settings(model="none"), tmp_path)
    assert (result.level, "There is no model 'none'" in result.message) == (Level.FAILED, True)
