"""A node in several processes on one PostgreSQL: whatever ends or is cut off, each study has its report, and once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster
from cluster_course import QUIET, TEST_SECONDS, check_instances, check_reports, mishaps, push


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    running = Cluster(folder, **QUIET)
    yield running
    running.stop()


@pytest.mark.slow
@pytest.mark.timeout(TEST_SECONDS)
def test_whatever_process_ends_or_is_cut_off_each_study_has_its_one_report(
    cluster: Cluster, seed: int, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    studies = push(cluster, mishaps(cluster), tmp_path, seed, wait_for)
    check_instances(cluster, studies)
    check_reports(cluster, studies)
