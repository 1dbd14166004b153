"""A stop is never lost, whatever thread the signal reaches and whenever it comes."""

import os
import pty
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from programs import WITHOUT_EXTRAS, need

TO_ANOTHER_THREAD = """
import signal, threading, time
from triage_node.stop_signal import StopSignal

def take_it():
    time.sleep(0.3)  # the main thread is waiting by then
    signal.pthread_kill(threading.get_ident(), signal.{name})
    time.sleep(30)

with StopSignal() as stop:
    threading.Thread(target=take_it, daemon=True).start()
    stop.wait()
print("stopped")
"""

BEFORE_THE_WAIT = """
import os, signal
from triage_node.stop_signal import StopSignal

with StopSignal() as stop:
    os.kill(os.getpid(), signal.SIGTERM)
    stop.wait()
print("stopped")
"""


@pytest.mark.parametrize(
    "program", [TO_ANOTHER_THREAD.format(name=name) for name in ("SIGTERM", "SIGINT")] + [BEFORE_THE_WAIT]
)
def test_a_signal_wakes_the_command_whatever_thread_takes_it(program):
    command = [sys.executable, "-P", "-c", program]
    assert subprocess.run(command, timeout=20, capture_output=True, check=True).stdout == b"stopped\n"


HANG_UP = """
import os, signal
from triage_node.stop_signal import StopSignal

with StopSignal(reload=lambda: print("read anew", flush=True)) as stop:
    for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
        os.kill(os.getpid(), number)
    stop.wait()
print("stopped")
"""


def test_a_hang_up_has_the_settings_read_and_a_stop_after_it_is_heard():
    command = [sys.executable, "-P", "-c", HANG_UP]
    ended = subprocess.run(command, timeout=20, capture_output=True, check=True, stdin=subprocess.DEVNULL)
    assert ended.stdout == b"read anew\nread anew\nstopped\n"


FROM_A_TERMINAL = """
import os, signal, sys
from triage_node.stop_signal import StopSignal

with StopSignal(reload=lambda: print("read anew", flush=True)) as stop:
    os.kill(os.getpid(), signal.SIGHUP)
    print("ready", flush=True)
    stop.wait()
print("stopped", flush=True)
"""


def test_a_terminal_that_is_closed_stops_what_was_started_from_it():
    control, terminal = pty.openpty()
    command = [sys.executable, "-P", "-c", FROM_A_TERMINAL]
    started = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, start_new_session=True)
    os.close(terminal)
    try:
        assert [started.stdout.readline() for _ in range(2)] == [b"ready\n", b"read anew\n"]
        os.close(control)
        started.send_signal(signal.SIGHUP)
        assert started.stdout.read() == b"stopped\n"
        assert started.wait(20) == 0
    finally:
        started.kill()
        started.wait()
        started.stdout.close()


@pytest.mark.slow
def test_a_node_ends_at_a_sigterm_of_any_moment(seed, make_settings, tmp_path):
    moments = random.Random(seed)
    for number in range(5):
        options = ["--dicom-port", "0", "--web-port", "0", "--data-dir", tmp_path / str(number)]
        with (tmp_path / f"{number}.log").open("wb") as log:
            command = [need("triage-node"), "serve", *map(str, options)]
            node = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **WITHOUT_EXTRAS})
        try:
            time.sleep(moments.uniform(0.2, 2.5))
            node.terminate()
            # Before its handlers stand it has begun nothing, and ends as any program.
            assert node.wait(30) in (0, -signal.SIGTERM)
        finally:
            node.kill()
            node.wait()


@pytest.mark.slow
def test_a_hang_up_while_the_node_starts_has_it_read_its_settings_once_it_runs(tmp_path, wait_for):
    log = tmp_path / "log"
    options = ["--dicom-port", "0", "--web-port", "0", "--data-dir", str(tmp_path / "data")]
    with log.open("wb") as output:
        command = [need("triage-node"), "serve", *options]
        node = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **WITHOUT_EXTRAS})
    try:
        wait_for((tmp_path / "data").exists, "the data folder")
        node.send_signal(signal.SIGHUP)
        wait_for(lambda: "settings_reloaded changed=none" in log.read_text(), "the reading")
        node.terminate()
        assert node.wait(30) == 0
    finally:
        node.kill()
        node.wait()


@pytest.mark.slow
def test_a_node_that_waits_for_a_locked_database_at_its_start_ends_at_once(tmp_path, migrated, wait_for):
    database = tmp_path / "worklist.sqlite"
    shutil.copy(migrated, database)
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    options = ["--dicom-port", "0", "--web-port", "0", "--data-dir", str(tmp_path)]
    node = subprocess.Popen([need("triage-node"), "serve", *options], env={**os.environ, **WITHOUT_EXTRAS})
    try:
        wait_for((tmp_path / "node.lock").exists, "the data folder to be held")
        node.terminate()
        assert node.wait(20) == -signal.SIGTERM, "the database would be waited for longer"
    finally:
        node.kill()
        node.wait()
        holder.close()
