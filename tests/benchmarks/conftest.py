import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from million import STUDIES, Size, make_rows
from unanalyzed import write_images

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker(pytest.mark.benchmark)


@pytest.fixture(scope="session")
def million(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the data folder of a node with a million studies; rows only.

    TRIAGE_BENCH_STUDIES makes another number of studies; TRIAGE_BENCH_FOLDER keeps the rows there for the next run.
    """
    kept = os.environ.get("TRIAGE_BENCH_FOLDER")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("million")
    if not (folder / "worklist.sqlite").exists():
        start = time.perf_counter()
        make_rows(folder / "worklist.sqlite", Size(STUDIES), time.time())
        print(f"\nrows made in {time.perf_counter() - start:.0f} s")
    gigabytes = (folder / "worklist.sqlite").stat().st_size / 1e9
    print(f"\n{STUDIES} studies, {STUDIES * 5} instances: {gigabytes:.2f} GB")
    yield folder
    if not kept:
        (folder / "worklist.sqlite").unlink()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 images that nobody will analyze."""
    return write_images(tmp_path_factory.mktemp("images"))
