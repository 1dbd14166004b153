"""Fits in a process of their own: a Keras backend and its devices are chosen before Keras is imported."""

import os
import subprocess
import sys
import zlib
from importlib.util import find_spec

import numpy as np
import pytest
from programs import WITHOUT_EXTRAS

from triage_node.findings import Label
from triage_node.models.preprocessing import Geometry
from triage_node.models.weights_file import read_weights
from triage_node.train.fitting.settings import LAST_FILE
from triage_node.train.shards import record_study, write_shard

pytestmark = pytest.mark.slow

GEOMETRY = Geometry(mm_per_pixel=2.5, rows=96, columns=64)
SCRIPT = """
import json, sys
from pathlib import Path
shards, run, options = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
import keras
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from triage_node.models.preprocessing import Geometry
from triage_node.train.fitting.fit import fit
from triage_node.train.fitting.settings import FitSettings
fit(shards, run, FitSettings(
    steps=2, epoch=2, batch=4, warm_up=1, learning_rate=1e-4, decoder_filters=16, frozen_blocks=11,
    geometry=Geometry(mm_per_pixel=2.5, rows=96, columns=64), **options,
))
"""


@pytest.fixture(scope="module")
def fitted(make_study, tmp_path_factory, on_jax):
    """Fit two steps, the same only once, and return the last weights."""
    folder = tmp_path_factory.mktemp("devices")
    records = [record_study(make_study(3, Label.EPIDURAL), GEOMETRY, 3), record_study(make_study(1), GEOMETRY, 1)]
    write_shard(folder / "shard-00000000.npz", records, GEOMETRY)

    def fit(backend: str, options: str = "{}") -> dict[str, np.ndarray]:
        run = folder / f"{backend}-{zlib.crc32(options.encode())}"
        if (run / LAST_FILE).exists():
            return read_weights(run / LAST_FILE)
        two = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
        alone = {**os.environ, **WITHOUT_EXTRAS, "KERAS_BACKEND": backend}
        environment = {**on_jax, **two} if backend == "jax" else alone
        command = [sys.executable, "-c", SCRIPT, str(folder), str(run), options]
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr[-3000:]
        return read_weights(run / LAST_FILE)

    return fit


def assert_same(first, second, tolerance):
    """Compare weights to a share of the largest of each array."""
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert np.abs(array - second[name]).max() <= tolerance * max(1.0, np.abs(array).max()), name


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_end_with_the_weights_of_one(fitted, backend):
    one, two = fitted(backend), fitted(backend, '{"devices": 2}')
    assert_same(one, two, 0.005)


def test_mixed_precision_writes_weights_of_the_same_names_and_shapes(fitted):
    single, mixed = fitted("tensorflow"), fitted("tensorflow", '{"precision": "mixed_float16"}')
    assert {name: array.shape for name, array in single.items()} == {name: a.shape for name, a in mixed.items()}
    assert_same(single, mixed, 0.1)


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_a_fit_runs_on_torch(fitted):
    assert all(np.isfinite(array).all() for array in fitted("torch").values())
