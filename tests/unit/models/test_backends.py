"""The same network on every Keras backend that is installed."""

import importlib
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from programs import WITHOUT_EXTRAS

PROGRAM = """
import sys
import numpy as np
from triage_node.models import read_manifest
from triage_node.models.device import prepare_device
from triage_node.models.explanation.grad_cam import explain_slice
from triage_node.models.out_of_distribution import with_features
from triage_node.models.networks import compile_forward, restore_network
assert prepare_device()
manifest = read_manifest()
shape = (2, manifest.geometry.rows, manifest.geometry.columns, manifest.channels)
x = np.random.default_rng(5).uniform(-1, 1, shape).astype(np.float32)
network = restore_network(manifest)
found = compile_forward(with_features(network), 2)(x)
np.savez(sys.argv[1], heat=explain_slice(network, x[0], 1)[0], **found)
"""


def answer(backend, path, **environment):
    environment |= {**WITHOUT_EXTRAS, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment = {name: value for name, value in {**os.environ, **environment}.items() if value}
    subprocess.run([sys.executable, "-P", "-c", PROGRAM, str(path)], check=True, env=environment, capture_output=True)
    with np.load(path) as stored:
        return dict(stored)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, tmp_path):
    if find_spec(backend) is None:
        pytest.skip(f"the Keras backend {backend} is not installed")
    other, tensorflow = answer(backend, tmp_path / "other.npz"), answer("tensorflow", tmp_path / "tensorflow.npz")
    assert np.abs(tensorflow.pop("heat") - other["heat"]).max() < 0.01
    assert np.allclose(tensorflow.pop("features"), other["features"], rtol=1e-3, atol=1e-3)
    for name, values in tensorflow.items():
        assert np.abs(1 / (1 + np.exp(-values)) - 1 / (1 + np.exp(-other[name]))).max() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"floatx": "float16"}, {"image_data_format": "channels_first"}, {"backend": "nonsense"}], ids=str
)
def test_the_settings_of_a_user_decide_nothing(settings, tmp_path):
    """With float16 the same model, by its hash, gave other probabilities; with channels_first an unforeseen error."""
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(settings))
    usual = answer("", tmp_path / "usual.npz")
    found = answer("", tmp_path / "found.npz", HOME=str(tmp_path))
    assert usual.keys() == found.keys()
    assert all(np.array_equal(usual[name], found[name]) for name in usual)


def test_keras_is_imported_in_one_place():
    """Who imports it first decides how it is set up."""
    packages = map(importlib.import_module, ("triage_node.models", "triage_node.train"))
    folders = [Path(package.__file__).parent for package in packages]
    importing = {
        path.name
        for folder in folders
        for path in folder.rglob("*.py")
        if re.search(r"^\s*(import keras|from keras)\b", path.read_text(), re.MULTILINE)
    }
    assert importing == {"keras_setup.py"}
