"""Two machines with a folder each, one database and one bucket: what comes in at one is analyzed at the other."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from buckets import credentials, object_storage, options
from cluster import RoleProcess
from ct import head_ct, save
from object_storage import KEY, ObjectStorage
from pacs import Storescp
from postgresql import PostgreSQL
from programs import run
from pydicom import dcmread

from triage_node.storage import BucketOptions

__all__ = ["credentials", "object_storage", "options"]
EXTRAS = {**KEY, "TRIAGE_TEST_EXTRAS": "boto3 botocore"}


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    with tempfile.TemporaryDirectory(prefix="triage-postgresql-") as name:
        postgresql = PostgreSQL(Path(name))
        yield postgresql
        postgresql.stop()


@pytest.mark.slow
def test_what_one_machine_receives_another_analyzes_and_sends(
    server: PostgreSQL,
    options: BucketOptions,
    object_storage: ObjectStorage,
    tmp_path: Path,
    wait_for: Callable[..., Any],
) -> None:
    pacs = Storescp(tmp_path / "pacs")
    shared = {
        "database_url": server.url,
        "storage_url": f"s3://{options.name}/site",
        "storage_endpoint": object_storage.endpoint,
        "destinations": [pacs.address],
        "dicom_port": 0,
        "web_enabled": False,
        "series_quiet_seconds": 2.0,
        "study_quiet_seconds": 3.0,
        "prior_study_days": 0,
        "disk_reserve_mb": 1,
    }
    here, there = (
        RoleProcess(tmp_path, name, roles, EXTRAS, data_dir=str(tmp_path / name), **shared)
        for name, roles in (("listener", "listener"), ("worker", "worker,delivery,upkeep"))
    )
    try:
        for one in (here, there):
            one.wait_started()
        paths = save(head_ct(slices=24, size=(128, 128), seed=1), tmp_path / "study")
        assert run("storescu", "-aec", "TRIAGE", "127.0.0.1", here.port, *paths).returncode == 0
        [report] = wait_for(pacs.received, "the report", 120)
        assert dcmread(report).StudyInstanceUID == dcmread(paths[0]).StudyInstanceUID
        uids = {(tmp_path / name / "device-uid").read_text() for name in ("listener", "worker")}
        assert len(uids) == 1, "all are one device"
    finally:
        for one in (here, there):
            one.program.stop()
        pacs.stop()
