"""Settings that are read anew: taken whole, or not at all, and what came of it is said without secrets."""

import logging

import pytest

from triage_node.errors import SettingsError
from triage_node.reloading import Reloading


@pytest.fixture
def worklist(make_settings, make_worklist, clock):
    opened = make_worklist(make_settings(), clock)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _level():
    before = logging.getLogger().level
    yield
    logging.getLogger().setLevel(before)


def events(worklist, code):
    return [one.message for one in worklist.study_details.events(code)]


def test_nothing_is_used_when_something_cannot_be_prepared(make_settings, worklist, clock):
    def prepare(settings):
        raise SettingsError("webhook+https://u:swordfish@h/x?token=swordfish cannot be used.")

    before = make_settings()
    reloading = Reloading(before, worklist, prepare, clock)
    found = reloading.reload(lambda: make_settings(destinations=["A@h:1"]))
    assert found == reloading.last
    assert reloading.settings is before
    assert found.error == "webhook+https://…@h/x?token=… cannot be used."
    [message] = events(worklist, "settings_not_reloaded")
    assert "those from before are in force" in message and "swordfish" not in message


def test_what_was_used_in_part_is_said_to_be(make_settings, worklist, clock):
    def fail():
        raise RuntimeError("can't start new thread")

    reloading = Reloading(make_settings(), worklist, lambda _: fail, clock)
    found = reloading.reload(lambda: make_settings(destinations=["A@h:1"]))
    assert "restart the node" in found.error
    assert "taken in part" in events(worklist, "settings_not_reloaded")[0]


def test_a_signal_never_ends_the_node(make_settings, worklist, clock):
    def read():
        raise ZeroDivisionError

    reloading = Reloading(make_settings(), worklist, lambda _: lambda: None, clock)
    assert reloading.reload(read).error.startswith("ZeroDivisionError at ")


def test_what_changed_what_waits_and_what_is_owed_is_one_event(make_settings, worklist, clock, analyze):
    analyze("1.2")
    before = make_settings(destinations=["A@h:1", "B@h:1"])
    reloading = Reloading(before, worklist, lambda _: lambda: None, clock)
    found = reloading.reload(lambda: make_settings(destinations=["C@h:1"], worker_nice=3, log_level="ERROR"))
    assert (found.changed, found.waiting, found.error) == (("destinations", "log_level"), ("worker_nice",), "")
    assert events(worklist, "settings_reloaded") == [
        "Changed: destinations, log_level. In force after a restart only: worker_nice. A@h:1 gets nothing any more; "
        "1 reports for it are kept, and go when it is named again. B@h:1 gets nothing any more."
    ]
    assert logging.getLogger().level == logging.ERROR
    assert reloading.reload(lambda: before).changed == ("destinations", "log_level")
    assert [row.state for row in worklist.study_details.study("1.2").deliveries] == ["pending"]
