"""The atlas loaded once, small generated studies, and what JAX has compiled in another process of the same run."""

import os

import numpy as np
import pytest
from programs import WITHOUT_EXTRAS

from triage_node.findings import Label
from triage_node.train.phantom.atlas import Atlas
from triage_node.train.phantom.atlas_cache import load_atlas
from triage_node.train.phantom.dicom_series import demo_recipe
from triage_node.train.phantom.grid import Grid
from triage_node.train.phantom.head import Pose, place_head
from triage_node.train.phantom.lesion import Anatomy
from triage_node.train.phantom.study import GeneratedStudy, generate_study


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    """Average anatomy."""
    return load_atlas()


@pytest.fixture(scope="session")
def bare_anatomy(atlas):
    """A head with noise of its own and no fluid anywhere."""
    rng, grid = np.random.default_rng(1), Grid(np.arange(-60.0, 90.0, 2.5), 128, 1.8)
    space = place_head(atlas, grid, Pose(), rng)
    nothing = np.zeros_like(space.z)
    return Anatomy(grid, space, nothing, nothing, *(grid.noise(rng, mm) for mm in (5, 9, 18)))


@pytest.fixture(scope="session")
def make_study(atlas):
    """A small study with types, kept for the session."""
    made: dict[tuple[int, tuple[Label, ...]], GeneratedStudy] = {}

    def make(seed: int = 1, *types: Label) -> GeneratedStudy:
        if (seed, types) not in made:
            recipe = demo_recipe(types, size=128, slice_mm=7.0)
            made[seed, types] = generate_study(atlas, recipe, np.random.default_rng(seed))
        return made[seed, types]

    return make


@pytest.fixture(scope="session")
def on_jax(tmp_path_factory) -> dict[str, str]:
    """An environment for Keras on JAX that compiles in haste, and nothing that another process of this run has."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return {
        **os.environ,
        **WITHOUT_EXTRAS,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "JAX_COMPILATION_CACHE_DIR": str(shared / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
