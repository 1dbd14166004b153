"""A stop is never lost, whatever thread the signal reaches and whenever it comes."""

import os
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
def test_a_node_that_waits_for_a_locked_database_at_its_start_ends_at_once(tmp_path, migrated, wait_for):
    database = tmp_path / "worklist.sqlite"
    shutil.copy(migrated, database)
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    options = ["--dicom-port", "0", "--web-port", "0", "--data-dir", str(tmp_path)]
    node = subprocess.Popen([need("triage-node"), "serve", *options], env={**os.environ, **WITHOUT_EXTRAS})
    try:
        wait_for((tmp_path / "device-uid").exists, "the data folder to be held")
        node.terminate()
        assert node.wait(20) == -signal.SIGTERM, "the database would be waited for longer"
    finally:
        node.kill()
        node.wait()
        holder.close()
