import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from triage_node.errors import ModelError
from triage_node.findings import LABELS
from triage_node.models import manifest_json, read_manifest
from triage_node.models.registry import find_model, shipped_models

THRESHOLDS = {
    "flag": dict.fromkeys(LABELS, 0.1),
    "uncertain": dict.fromkeys(LABELS, 0.5),
    "slice": dict.fromkeys(LABELS, 0.5),
}
SHORT_SCALING = {"temperature": [1], "bias": [0]}


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(find_model(), tmp_path / "model")


def edit(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_shipped_default_reads_and_says_what_it_is():
    manifest = read_manifest()
    assert manifest.labels == LABELS
    assert manifest.identity.sha256 == manifest.sha256
    assert len(manifest.sha256) == 64
    assert manifest.training_data
    assert set(manifest.thresholds.flag) == set(LABELS)
    assert manifest.weights_path.stat().st_size <= 16 * 2**20
    assert manifest.name in shipped_models()


def test_a_changed_manifest_is_another_model(folder):
    before = read_manifest(folder).sha256
    edit(folder, training_data="something else")
    assert read_manifest(folder).sha256 != before


def test_changed_weights_are_refused(folder):
    weights = read_manifest(folder).weights_path
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match="are not those its manifest names"):
        read_manifest(folder)


def test_missing_weights_are_named(folder):
    read_manifest(folder).weights_path.unlink()
    with pytest.raises(ModelError, match=r"no weights file weights\.npz"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": 2}, "format is wrong: input should be 1, got 2"),
        ({"labels": ["any"]}, "labels"),
        ({"weights_file": "../weights.npz"}, "not a plain file name"),
        ({"thresholds": {}}, "thresholds lacks the entry 'flag'"),
        ({"windows": [{"middle": 1}]}, "windows.0 lacks the entry 'center'"),
        ({"windows": [{"center": 8, "width": 80, "blur": 1}]}, "windows.0 has the unknown entry 'blur'"),
        ({"geometry": {"mm": 1}}, "geometry has the unknown entry 'mm'"),
        ({"geometry": {"shown_area_cm2": -200.0}}, "geometry.*shown_area_cm2 must be a positive number, got -200.0"),
        ({"geometry": {"mm_per_pixel": 0.0}}, "geometry.*mm_per_pixel must be a positive number, got 0.0"),
        ({"geometry": {"neighbor_mm": float("nan")}}, "geometry.*neighbor_mm must be a positive number, got nan"),
        ({"decoder_filters": "48"}, "decoder_filters is wrong: input should be a valid integer, got '48'"),
        ({"mirrored": 1}, "mirrored is wrong: input should be a valid boolean, got 1"),
        ({"scaling": {"slice": {"temperature": [1] * 6}}}, "scaling.slice lacks the entry 'bias'"),
        (
            {"scaling": {"slice": SHORT_SCALING, "study": SHORT_SCALING}},
            "6 temperatures and biases",
        ),
        (
            {"thresholds": {**THRESHOLDS, "slice": {"any": 0.5}}},
            "slice is wrong: there is no value for epidural",
        ),
        ({"thresholds": THRESHOLDS}, "thresholds of epidural must satisfy"),
        ({"base": {"name": "x"}}, "base lacks the entry 'version'"),
        ({"decision": {}}, "decision lacks the entry 'method'"),
    ],
)
def test_a_wrong_manifest_says_what_is_wrong(folder, changes, sentence):
    edit(folder, **changes)
    with pytest.raises(ModelError, match=sentence):
        read_manifest(folder)


@pytest.mark.parametrize("folder_of_model", sorted(set(shipped_models().values())), ids=lambda path: path.name)
def test_a_shipped_manifest_is_written_as_it_reads(folder_of_model):
    content = json.loads((folder_of_model / "manifest.json").read_text())
    written = manifest_json(read_manifest(folder_of_model))
    assert written == content
    assert list(written) == list(content)


def test_entries_of_a_later_version_are_left_alone(folder):
    before = read_manifest(folder)
    edit(folder, invented={"later": True})
    assert replace(read_manifest(folder), sha256=before.sha256) == before


@pytest.mark.parametrize("name", ["format", "name", "labels", "geometry", "metrics", "weights_sha256"])
def test_a_missing_entry_is_named(folder, name):
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    del content[name]
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=f"the file lacks the entry '{name}'"):
        read_manifest(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", "[" * 10_000])
def test_bad_json_is_a_model_error(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=r"manifest"):
        read_manifest(folder)


def test_an_unknown_model_is_named_with_what_there_is(tmp_path):
    with pytest.raises(ModelError, match=r"no model 'nobody'.*lesion-map-lite0"):
        read_manifest("nobody")
    with pytest.raises(ModelError, match=r"manifest\.json is missing"):
        read_manifest(tmp_path)


def test_reading_a_manifest_does_not_load_tensorflow():
    code = (
        "import sys; from triage_node.models import manifest_json, read_manifest; read_manifest(); "
        "import triage_node.train.cli; print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
