"""Scans in the process of the test, with what of the shipped model needs no network."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from in_process_engine import InProcessEngine

from triage_node.archive import ArchiveScan, ScanOptions, archive_at
from triage_node.config import read_settings
from triage_node.models import read_manifest


class Unasked:
    """The shipped model's name, for studies about which no model is asked."""

    identity = read_manifest().identity

    def predict(self, volume):
        raise AssertionError("the model was asked")


class Scanned:
    """A scan's folder, read as others would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(self, name: str) -> list[dict]:
        return [
            row for path in sorted((self.folder / name).glob("*.parquet")) for row in pq.read_table(path).to_pylist()
        ]

    @property
    def series(self) -> dict[str, dict]:
        rows = self.table("series")
        found = {row["series_instance_uid"]: row for row in rows}
        assert len(found) == len(rows), "a series is there twice"
        return found

    @property
    def skipped(self) -> dict[str, str]:
        return {row["path"]: row["why"] for row in self.table("skipped")}


@pytest.fixture
def run_scan(tmp_path) -> Callable[..., Scanned]:
    """Scan a folder, a URL or a source; the engine may be one that ends early."""

    def run(source, engine=None, with_patient: bool = False, out: str = "out", **settings) -> Scanned:
        model = Unasked()
        options = ScanOptions(tmp_path / out, "default", model.identity, with_patient)
        archive = archive_at(str(source), read_settings(**settings))
        scan = ArchiveScan(archive, options, lambda *_: None)
        scan.run(lambda: engine or InProcessEngine(model))
        return Scanned(tmp_path / out)

    return run


@pytest.fixture
def unasked() -> Unasked:
    return Unasked()
