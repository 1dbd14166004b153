"""Threads that must not end before the node does."""

import ast
import logging
import threading
from pathlib import Path

import triage_node
from triage_node import lasting_thread
from triage_node.lasting_thread import LastingThread

CODE = Path(triage_node.__file__).parent
# They end with a process or a connection that they belong to, or what they run has a border around each step.
OTHERS = {
    "web/server.py", "pipeline/engines/ray_worker.py", "pipeline/node_pipe.py", "pipeline/supervisor.py",
    "pipeline/lease.py", "backup/postgresql_dump.py", "dimse/listener.py",
}  # fmt: skip


def test_an_error_nobody_foresaw_is_told_by_its_place_and_the_work_begins_again(monkeypatch, caplog, wait_for):
    monkeypatch.setattr(lasting_thread, "PAUSE_SECONDS", 0.01)
    stopping, begun = threading.Event(), []

    def work():
        begun.append(1)
        if len(begun) < 3:
            raise RuntimeError("Doe^Jane")
        stopping.wait()

    thread = LastingThread(work, "dispatcher-PACS", stopping)
    with caplog.at_level(logging.ERROR):
        thread.start()
        wait_for(lambda: len(begun) == 3, "the third beginning")
    stopping.set()
    thread.join(10)
    assert not thread.is_alive()
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert all(line.startswith("thread_failed thread=dispatcher-PACS error=RuntimeError at ") for line in lines)
    assert "Doe" not in caplog.text


def test_an_error_at_the_end_ends_it():
    stopping = threading.Event()
    stopping.set()
    thread = LastingThread(lambda: 1 / 0, "one", stopping)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_every_thread_that_loops_for_the_node_lasts():
    found = set()
    for path in CODE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_plain = (
                isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "Thread"
            )
            if is_plain:
                found.add(path.relative_to(CODE).as_posix())
    assert found == OTHERS
