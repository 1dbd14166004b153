"""Ctrl-C goes to every process of a terminal: each command ends as it should, and nobody prints a traceback."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from ct import head_ct, save
from programs import WITHOUT_EXTRAS, free_port, need

pytestmark = pytest.mark.slow


def heed_interruptions() -> None:
    """A shell has what it starts in the background ignore them, which a command inherits from the tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def started(tmp_path, wait_for):
    """Start a command as a shell does, in a process group of its own; yield what presses Ctrl-C there."""
    running = []

    def start(*arguments: object):
        log = tmp_path / f"log{len(running)}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [need("triage-node"), *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=tmp_path, start_new_session=True,
                env=os.environ | WITHOUT_EXTRAS, preexec_fn=heed_interruptions,
            )  # fmt: skip
        running.append(process)

        maps = Path(f"/proc/{process.pid}/maps")

        def press(after: str = "", in_memory: str = ""):
            wait_for(lambda: after in log.read_text() and in_memory in maps.read_text(), after or in_memory, 90)
            os.killpg(process.pid, signal.SIGINT)
            return process.wait(30), log.read_text()

        return press

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.parametrize("after", ["worker_started", "worker_ready"])
def test_a_node_ends_as_it_was_asked_to(started, tmp_path, after):
    press = started("serve", "--dicom-port", 0, "--web-port", 0, "--data-dir", tmp_path / "data")
    code, printed = press(after)
    assert code == 0, printed
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed
    assert "node_stopped" in printed


def test_a_demonstration_ends_with_130(started):
    code, printed = started("demo", "--once")("Node TRIAGE on port")
    assert code == 130, printed
    assert "Traceback" not in printed


def test_an_analysis_ends_with_130(started, tmp_path):
    save(head_ct(slices=12, size=(64, 64)), tmp_path / "head")
    code, printed = started("analyze", tmp_path / "head", "--force")(in_memory="tensorflow")
    assert code == 130, printed
    assert "Traceback" not in printed


def test_sending_to_a_peer_that_does_not_answer_ends_with_130(started, tmp_path):
    save(head_ct(slices=2, size=(32, 32)), tmp_path / "head")
    with socket.create_server(("127.0.0.1", free_port())) as silent:
        press = started("send", tmp_path / "head", "--to", f"PACS@127.0.0.1:{silent.getsockname()[1]}")
        silent.settimeout(30)
        connection, _ = silent.accept()
        code, printed = press()
        connection.close()
    assert code == 130, printed
    assert "Traceback" not in printed
