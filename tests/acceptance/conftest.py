from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nodes import RunningNode
from pacs import Orthanc, Storescp

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker(pytest.mark.acceptance)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start a node or a peer of a class; it is stopped at the end of the test."""
    running: list[RunningNode | Orthanc | Storescp] = []

    def start(kind: type, name: str, **options: Any) -> Any:
        folder = tmp_path / name
        folder.mkdir()
        running.append(kind(folder, **options))
        return running[-1]

    yield start
    for program in reversed(running):
        program.stop()
