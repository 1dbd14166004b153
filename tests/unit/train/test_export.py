import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from triage_node.errors import ModelError
from triage_node.models import manifest_json, parse_manifest, read_manifest, read_weights
from triage_node.train.cli import app
from triage_node.train.export import KeptWeights, ModelDescription, average_weights, export_model, save_manifest
from triage_node.train.fitting.settings import WEIGHTS_FILE
from triage_node.train.model_card import card_text


def description():
    shipped = read_manifest()
    names = [name for name in ModelDescription.__dataclass_fields__ if name != "version"]
    return ModelDescription(version="9.9.9", **{name: getattr(shipped, name) for name in names})


def test_an_exported_model_reads_and_is_cautious(tmp_path):
    manifest = export_model([read_manifest().weights_path], tmp_path / "model", description())
    assert manifest.version == "9.9.9"
    assert min(manifest.thresholds.flag.values()) >= 0.99
    assert parse_manifest(tmp_path / "model") == manifest


def test_a_manifest_says_the_same_after_a_round_trip(tmp_path):
    manifest = export_model([read_manifest().weights_path], tmp_path / "model", description())
    assert manifest_json(save_manifest(manifest)) == manifest_json(manifest)


def test_runs_are_averaged_and_must_belong_together(tmp_path):
    for name, value in (("a", 1.0), ("b", 3.0)):
        np.savez(tmp_path / f"{name}.npz", kernel=np.full((2, 2), value, np.float32))
    np.savez(tmp_path / "c.npz", kernel=np.zeros(3, np.float32))
    assert average_weights([tmp_path / "a.npz", tmp_path / "b.npz"])["kernel"].tolist() == [[2, 2], [2, 2]]
    with pytest.raises(ModelError, match="different networks"):
        average_weights([tmp_path / "a.npz", tmp_path / "c.npz"])


def test_a_share_of_the_former_weights_stays(tmp_path):
    shipped = read_manifest()
    former = read_weights(shipped.weights_path)
    np.savez(tmp_path / "fitted.npz", **{name: array + 1 for name, array in former.items()})
    kept = KeptWeights(shipped, 0.75)
    manifest = export_model([tmp_path / "fitted.npz"], tmp_path / "model", description(), kept)
    found = read_weights(manifest.weights_path)
    name = max(former, key=lambda name: former[name].size)
    assert np.allclose(found[name], former[name] + 0.25, atol=2e-3)
    assert kept.to_json()["model"] == f"{shipped.name} {shipped.version}"
    assert kept.to_json()["sha256"] == shipped.weights_sha256


def test_the_command_says_in_the_manifest_what_it_kept(tmp_path):
    shipped = read_manifest()
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(shipped.weights_path, run / WEIGHTS_FILE)
    arguments = ["export", str(run), str(tmp_path / "model"), "--version", "9.9.9", "--training-data", "None."]
    result = CliRunner().invoke(app, [*arguments, "--keep", "default", "--keep-share", "0.6"])
    assert result.exit_code == 0, result.output
    kept = parse_manifest(tmp_path / "model").recipe["kept"]
    assert kept == {"model": f"{shipped.name} {shipped.version}", "sha256": shipped.weights_sha256, "share": 0.6}
    for alone in (["--keep", "default"], ["--keep-share", "0.6"]):
        refused = CliRunner().invoke(app, [*arguments, *alone])
        assert refused.exit_code == 2
        assert "belong together" in refused.output


def test_no_share_and_another_network_are_refused(tmp_path):
    for share in (0.0, 1.0, -0.1):
        with pytest.raises(ModelError, match="lies between 0 and 1"):
            KeptWeights(read_manifest(), share)
    np.savez(tmp_path / "other.npz", kernel=np.zeros(3, np.float32))
    with pytest.raises(ModelError, match="another network"):
        export_model([tmp_path / "other.npz"], tmp_path / "model", description(), KeptWeights(read_manifest(), 0.5))


def test_weights_that_are_none_are_refused(tmp_path):
    with pytest.raises(ModelError, match="could not be read"):
        export_model([tmp_path / "none.npz"], tmp_path / "model", description())


def test_the_shipped_card_is_the_one_its_manifest_makes():
    manifest = read_manifest()
    card = Path(manifest.folder / "CARD.md").read_text(encoding="utf-8")
    assert card == card_text(manifest)
    assert max(map(len, card.splitlines())) <= 120
