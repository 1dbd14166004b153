"""Threads that there is one of for each system that is named: kept, started and ended as the names change."""

import threading

import pytest

from triage_node.errors import SettingsError
from triage_node.running_parts import RunningParts


class Worker:
    """Works until it is ended, and then as long as it has something in hand."""

    def __init__(self, name):
        if name == "bad":
            raise SettingsError("bad cannot be used.")
        self.name, self.ended, self.empty = name, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def is_alive(self):
        return self._thread.is_alive()

    def start(self):
        self._thread.start()

    def end(self):
        self.ended.set()

    def _run(self):
        self.ended.wait()
        self.empty.wait()


@pytest.fixture
def parts():
    parts = RunningParts(Worker, ["a", "b"])
    for part in parts:
        part.start()
    yield parts
    for part in parts.with_ending:
        part.end()
        part.empty.set()


def test_one_that_is_named_as_before_runs_on_and_the_others_follow_the_names(parts, wait_for):
    a, b = parts
    parts.prepare(["c", "b"])()
    c, still_b = parts
    assert (c.name, still_b) == ("c", b)
    assert c.is_alive and not b.ended.is_set()
    assert a.ended.is_set()
    assert parts.with_ending == (c, b, a), "it has something in hand"
    a.empty.set()
    wait_for(lambda: parts.with_ending == (c, b), "the end of what it had in hand")


def test_nothing_changes_when_one_cannot_be_made(parts):
    before = list(parts)
    with pytest.raises(SettingsError):
        parts.prepare(["c", "bad"])
    assert list(parts) == before
    assert not any(one.ended.is_set() for one in before)


def test_one_that_is_named_again_while_its_predecessor_ends_begins_anew(parts):
    a, _ = parts
    parts.prepare(["b"])()
    parts.prepare(["b", "a"])()
    assert parts[1].name == "a"
    assert parts[1] is not a and parts[1].is_alive
    assert a in parts.with_ending
