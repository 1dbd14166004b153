from collections.abc import Callable, Iterator
from typing import Any

import pytest
from certificates import Authority
from intakes import Intake


@pytest.fixture
def start_intake(make_settings: Callable[..., Any], tmp_path) -> Iterator[Callable[..., Intake]]:
    """Start an intake with these settings; it is stopped at the end of the test."""
    started: list[Intake] = []

    def start(**options: Any) -> Intake:
        options = {"data_dir": tmp_path / f"intake{len(started)}"} | options
        started.append(Intake(make_settings(**options)))
        return started[-1]

    yield start
    for intake in started:
        intake.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "Stranger")
