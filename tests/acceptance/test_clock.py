"""The clock of the machine is set under a running node, back and forward, by libfaketime."""

import pytest
from clocks import SettableClock, need_libfaketime
from ct import head_ct, save
from nodes import RunningNode


@pytest.fixture
def wall_clock(tmp_path):
    need_libfaketime()
    return SettableClock(tmp_path / "clock")


def test_studies_are_ready_in_their_time_however_the_clock_is_set(wall_clock, start, tmp_path, wait_for):
    node = start(RunningNode, "node", environment=wall_clock.environment, web_enabled=False)
    for number, seconds in enumerate((-3600, 7200), start=1):
        images = head_ct(slices=2, size=(32, 32), seed=number)
        uid = str(images[0].StudyInstanceUID)
        [first, second] = save(images, tmp_path / str(number))
        node.storescu(first)
        wall_clock.set(seconds)
        wait_for(lambda many=number: node.program.printed.count("clock_set") == many, "the node to notice", 20)
        node.storescu(second)
        wait_for(lambda it=uid: node.state(it) not in ("", "receiving"), "the end of its quiet time", 20)
