import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from triage_node.deidentification import Deidentification, Options, Pseudonyms, deidentified_file

KEY = bytes(range(32))


@pytest.fixture
def deidentified(tmp_path) -> Callable[..., Dataset]:
    """De-identify a data set by way of two files; `options` are those of `Options`."""

    def deidentified(ds: Dataset, patient: str = "P1", **options) -> Dataset:
        path = tmp_path / "original.dcm"
        ds.save_as(path, enforce_file_format=True)
        how = Deidentification(Pseudonyms(KEY), patient, Options(**options))
        return dcmread(io.BytesIO(deidentified_file(path, how)[1]))

    return deidentified


@pytest.fixture
def complaints(tmp_path) -> Callable[[Dataset], set[str]]:
    """What `dciodvfy` calls an error in a data set."""
    from programs import run

    def complaints(ds: Dataset) -> set[str]:
        path: Path = tmp_path / "validated.dcm"
        ds.save_as(path, enforce_file_format=True)
        return {line for line in run("dciodvfy", "-new", path).stderr.splitlines() if line.startswith("Error")}

    return complaints
