"""Heads as volumes, and the shipped model loaded once."""

import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest
from ct_phantom import FIELD_OF_VIEW_MM, head_hu

from triage_node.imaging import Policy, read_volume, scan
from triage_node.imaging.volume import Volume
from triage_node.models import load_model
from triage_node.models.predictor import Model

SLICES, SIZE, SLICE_MM = 32, 256, 5.0


def as_volume(hu: np.ndarray, slice_mm: float = SLICE_MM, pixel_mm: float = FIELD_OF_VIEW_MM / SIZE) -> Volume:
    hu = np.ascontiguousarray(hu, np.float32)
    return Volume(hu, (slice_mm, pixel_mm, pixel_mm), slice_mm * np.arange(len(hu), dtype=float))


@pytest.fixture
def head() -> Callable[..., Volume]:
    """A head with a lesion of a type, or without."""

    def make(lesion: str | None = None, seed: int = 1) -> Volume:
        return as_volume(head_hu(SLICES, (SIZE, SIZE), SLICE_MM, lesion, seed))

    return make


@pytest.fixture(scope="session")
def model() -> Model:
    """The shipped default model."""
    return load_model()


@cache
def _bundled(name: str) -> Volume:
    archive = files("triage_node.demo") / "studies" / f"{name}.zip"
    with as_file(archive) as path, tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as opened:
        opened.extractall(folder)
        return read_volume(scan([Path(folder)]).series[0], Policy())


@pytest.fixture
def bundled() -> Callable[[str], Volume]:
    """A study that comes with the node: ``hemorrhage`` or ``plain``."""
    return _bundled
