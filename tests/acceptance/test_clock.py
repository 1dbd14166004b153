"""The clock of the machine is set under a running node, back and forward, by libfaketime."""

import os
from pathlib import Path

import pytest
from ct import head_ct, save
from nodes import RunningNode

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


@pytest.fixture
def set_clock(tmp_path):
    """Set the wall clock of the node's processes by so many seconds; the steady one goes on."""
    if not LIBRARIES:
        if os.environ.get("TRIAGE_REQUIRE_PEERS"):
            pytest.fail("libfaketime is not installed: run make peers")
        pytest.skip("libfaketime is not installed: run make peers")
    file = tmp_path / "clock"

    def set_clock(seconds: int) -> None:
        file.write_text(f"{seconds:+d}s")

    set_clock(0)
    set_clock.environment = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    return set_clock


def test_studies_are_ready_in_their_time_however_the_clock_is_set(set_clock, start, tmp_path, wait_for):
    node = start(RunningNode, "node", environment=set_clock.environment, web_enabled=False)
    for number, seconds in enumerate((-3600, 7200), start=1):
        images = head_ct(slices=2, size=(32, 32), seed=number)
        uid = str(images[0].StudyInstanceUID)
        [first, second] = save(images, tmp_path / str(number))
        node.storescu(first)
        set_clock(seconds)
        wait_for(lambda many=number: node.program.printed.count("clock_set") == many, "the node to notice", 20)
        node.storescu(second)
        wait_for(lambda it=uid: node.state(it) not in ("", "receiving"), "the end of its quiet time", 20)
