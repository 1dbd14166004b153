"""The whole path: from a set in the competition's form to a model that `triage-node analyze` serves."""

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from typer.testing import CliRunner

from triage_node.cli import app as node
from triage_node.errors import TriageError
from triage_node.models import read_manifest
from triage_node.train.cli import app as train
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.phantom.study import random_types
from triage_node.train.recipe import DEFAULT_RECIPE
from triage_node.train.rsna.evaluation.exporting import ExportRequest, _seen_by, export_run
from triage_node.train.rsna.fitting.fit import read_run, write_run
from triage_node.train.rsna.shards.sharding import SHARDS_FOLDER
from triage_node.train.rsna.synthetic.frequencies import POSITIVE_SHARE
from triage_node.train.rsna.synthetic.generate import plan_set, write_csv_files, write_study

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

STUDIES, SIZE = 6, 96


def seed_with_hemorrhage():
    """Return a seed of which five studies have hemorrhage, so that every part of a split has some and lacks some."""
    for seed in range(1000):
        drawn = (random_types(np.random.default_rng([seed, number]), POSITIVE_SHARE) for number in range(STUDIES))
        if sum(bool(types) for types in drawn) == STUDIES - 1:
            return seed
    raise AssertionError("no seed has hemorrhage in five studies of six")


def call(app, *arguments):
    result = CliRunner().invoke(app, [str(part) for part in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def competition(atlas, tmp_path_factory):
    """Six studies with labels and one without, and a recipe of a small network."""
    folder = tmp_path_factory.mktemp("competition")
    seed = seed_with_hemorrhage()
    print(f"seed {seed}")
    planned = plan_set(seed, STUDIES, 1, SIZE)
    for study in planned:
        write_study(folder, study, atlas)
    write_csv_files(folder, planned)
    recipe = json.loads(DEFAULT_RECIPE.read_text())
    recipe["geometry"] |= {"mm_per_pixel": 2.5, "rows": 96, "columns": 64}
    (folder / "recipe.json").write_text(json.dumps(recipe | {"decoder_filters": 16}))
    return folder


@pytest.fixture(scope="module")
def tables(competition, tmp_path_factory):
    """Index, shards and folds of the set."""
    tables = tmp_path_factory.mktemp("tables")
    images, recipe = ("--only", "stage_2_train", "--workers", "1"), ("--recipe", competition / "recipe.json")
    call(train, "rsna", "labels", competition / "stage_2_train.csv", "--out", tables)
    call(train, "rsna", "index", competition, "--labels", tables, "--out", tables, *images)
    call(train, "rsna", "shards", tables, "--workers", "1", *recipe)
    call(train, "rsna", "folds", tables, "--folds", "3")
    return tables


@pytest.fixture(scope="module")
def fitted(tables, competition):
    """Tables and a run with everything that the commands make of the set."""
    run, recipe = tables / "run", ("--recipe", competition / "recipe.json")
    call(train, "rsna", "fit", tables, run, "--steps", "4", "--batch", "4", "--warm-up", "1", *recipe)
    call(train, "rsna", "export", run, "--version", "9.9.9")
    call(train, "rsna", "series", run, "--epochs", "2")
    call(train, "rsna", "baseline", run, "--workers", "1")
    call(train, "rsna", "evaluate", run)
    return tables


def test_one_table_holds_constant_notebook_and_model(fitted):
    with (fitted / "run" / "comparison.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["predictor"] for row in rows] == ["constant", "notebook", "notebook, rescaled", "rsna-lite0 9.9.9"]
    assert {row["AUC any"].split()[0] for row in rows[:1]} == {"0.500"}
    assert all(0 < float(row["wLL"]) < 20 and 0 <= float(row["accuracy"]) <= 1 for row in rows)
    assert (fitted / "run" / "comparison.png").exists()


def test_the_report_names_every_predictor_and_shows_images(fitted):
    page = (fitted / "run" / "report.html").read_text()
    for words in ("rsna-lite0 9.9.9 on test fold 0", "minus notebook", "By study", "the model&#39;s own", "signed"):
        assert words in page
    assert page.count("data:image/png") > 5


def test_the_run_says_how_it_was_made(fitted):
    content = json.loads((fitted / "run" / "run.json").read_text())
    assert content["run"] == {"tables": str(fitted), "test": 0, "balance": "sampling", "mirrored": False}
    assert (content["fitting"]["steps"], content["fitting"]["seed"]) == (4, 0)
    assert {"revision", "package_version"} <= content.keys()
    assert (fitted / "run" / "curves.csv").read_text().startswith("epoch,loss")
    assert list((fitted / "run" / "tensorboard").rglob("events.*"))
    manifest = json.loads((fitted / "run" / "model" / "manifest.json").read_text())
    assert "labeled images of" in manifest["training_data"]
    assert "validation fold" in manifest["decision"]["source"]
    assert str(fitted) not in json.dumps(manifest)


def test_a_run_goes_on_only_with_the_same_settings(fitted, competition):
    options = ["--steps", "4", "--batch", "4", "--warm-up", "1", "--recipe", competition / "recipe.json"]
    arguments = ["rsna", "fit", fitted, fitted / "run", *options, "--balance", "loss"]
    result = CliRunner().invoke(train, [str(part) for part in arguments])
    assert "was begun with other settings" in str(result.exception)


def test_a_run_goes_on_with_other_workers_and_with_its_tables_elsewhere(fitted, competition, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(fitted, moved)
    options = ["--steps", "4", "--batch", "4", "--warm-up", "1", "--recipe", competition / "recipe.json"]
    call(train, "rsna", "fit", moved, moved / "run", *options, "--workers", "2")
    away = tmp_path / "run"
    (moved / "run").rename(away)
    content = json.loads((away / "run.json").read_text())
    content["run"]["tables"] = str(tmp_path / "gone")
    (away / "run.json").write_text(json.dumps(content))
    with pytest.raises(TriageError, match="give --tables"):
        read_run(away)
    assert read_run(away, moved).split().test
    content["index"] = "0" * 64
    (away / "run.json").write_text(json.dumps(content))
    with pytest.raises(TriageError, match="others than the run"):
        read_run(away, moved)


def test_a_start_that_failed_does_not_spoil_the_folder(fitted, competition, tmp_path):
    options = ["--batch", "4", "--warm-up", "0", "--recipe", competition / "recipe.json", "--seed", "5"]
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    arguments = ["rsna", "fit", fitted, tmp_path / "run", "--steps", "2", *options, "--start", tmp_path / "broken.npz"]
    assert CliRunner().invoke(train, [str(part) for part in arguments]).exit_code == 1
    assert (tmp_path / "run" / "run.json").exists()
    call(train, "rsna", "fit", fitted, tmp_path / "run", "--steps", "2", *options)
    assert read_run(tmp_path / "run").fitting.start is None


def test_a_warm_up_that_never_ends_is_refused(fitted, tmp_path):
    arguments = ["rsna", "fit", str(fitted), str(tmp_path / "run"), "--steps", "50", "--warm-up", "50"]
    assert CliRunner().invoke(train, arguments).exit_code == 2


def test_a_model_that_knows_no_prior_gets_a_row_of_its_own(fitted):
    """The shipped model could not be scored; here one of the frame of the set stands for it."""
    other = fitted / "other"
    shutil.copytree(fitted / "run" / "model", other)
    manifest = json.loads((other / "manifest.json").read_text()) | {"name": "shipped", "recipe": None}
    (other / "manifest.json").write_text(json.dumps(manifest))
    output = call(train, "rsna", "evaluate", fitted / "run", "--also", other)
    assert "shipped 9.9.9" in output
    assert "rsna-lite0 9.9.9" in output
    result = CliRunner().invoke(train, ["rsna", "evaluate", str(fitted / "run"), "--also", "default"])
    assert "reads Geometry(mm_per_pixel=1.05" in str(result.exception)


def test_an_index_without_any_label_is_an_error(fitted, competition, tmp_path):
    rows = (competition / "stage_2_train.csv").read_text().replace("ID_", "ID_other")
    (tmp_path / "stage_2_train.csv").write_text(rows)
    call(train, "rsna", "labels", tmp_path / "stage_2_train.csv", "--out", tmp_path)
    arguments = ["rsna", "index", competition, "--labels", tmp_path, "--out", tmp_path, "--only", "stage_2_train"]
    result = CliRunner().invoke(train, [str(part) for part in (*arguments, "--workers", "1")])
    assert "has a label in stage_2_train.csv" in str(result.exception)


def test_a_run_begun_under_a_former_name_of_a_setting_goes_on(fitted, tmp_path):
    content = json.loads((fitted / "run" / "run.json").read_text())
    content["fitting"]["makers"] = content["fitting"].pop("batch_workers")
    for later in ("architecture", "accumulate", "augmentation", "keep_best", "imagenet_weights"):
        del content["fitting"][later]
    del content["run"]["mirrored"]
    (tmp_path / "run.json").write_text(json.dumps(content))
    (tmp_path / "checkpoint.npz").touch()
    run = read_run(tmp_path)
    begun = read_run(fitted / "run")
    fitting = replace(begun.fitting, augmentation=Augmentation())
    assert run == replace(begun, folder=tmp_path, fitting=fitting)
    write_run(run)


@pytest.fixture(scope="module")
def folds(tables, competition):
    """A run of all folds and of all patients, made by the documented sequence."""
    run = tables / "folds"
    options = ["--steps", "2", "--batch", "2", "--recipe", competition / "recipe.json", "--start", "random"]
    call(train, "rsna", "fit", tables, run, "--fold", "all", *options, "--keep-best", "--validation-slices", "8")
    call(train, "rsna", "fit", tables, run, "--fold", "whole", *options)
    return run, call(train, "rsna", "series", run, "--epochs", "2", "--kind", "lstm", "--alpha-negative", "0.5")


def test_every_patient_is_scored_once_by_a_model_that_has_not_seen_him(folds):
    run, output = folds
    begun = [read_run(run / f"fold-{number}") for number in range(3)]
    images = [image for one in begun for series in one.split().test for image in series.images]
    with np.load(run / "out-of-fold.npz") as stored:
        assert stored["images"].tolist() == images
        assert len(set(images)) == len(images) == len(stored["probabilities"])
    for one in begun:
        seen = {series.patient_id for series in (*one.split().fitting, *one.split().validation)}
        assert not seen & {series.patient_id for series in one.split().test}
        assert (one.folder / "best.npz").exists()
    assert "out of fold" in output
    assert "fold-2: weighted log loss of the validation fold" in output


def test_the_model_of_all_patients_has_thresholds_from_those_that_have_not_seen_them(folds):
    manifest = read_manifest(folds[0] / "whole" / "model")
    assert "each scored by a model of the folds that has not seen the patient" in manifest.decision.source
    assert "It began with random weights." in manifest.training_data
    result = CliRunner().invoke(train, ["rsna", "export", str(folds[0] / "whole")])
    assert "fitted on all patients" in str(result.exception)


def test_a_submission_of_folds_is_the_mean_of_theirs(folds, tables, tmp_path):
    run, _ = folds

    def submitted(name, *options):
        call(train, "rsna", "submit", tables, "--out", tmp_path / name, *options)
        with (tmp_path / name).open() as stream:
            return np.array([float(row["Label"]) for row in csv.DictReader(stream)])

    each = [submitted(f"{k}.csv", "--model", run / f"fold-{k}" / "model") for k in range(3)]
    assert np.allclose(submitted("mean.csv", "--model", run), np.mean(each, axis=0), atol=2e-6)
    mirrored = submitted("mirrored.csv", "--model", run / "fold-0" / "model", "--mirror")
    assert not np.array_equal(mirrored, each[0])


def test_a_missing_fold_is_named(folds, tmp_path):
    shutil.copytree(folds[0] / "fold-0", tmp_path / "fold-0")
    result = CliRunner().invoke(train, ["rsna", "series", str(tmp_path), "--tables", str(folds[0].parent)])
    assert "lacks fold 1: call rsna fit with --fold 1 or all" in str(result.exception)


@pytest.fixture(scope="module")
def resnet(tables, competition):
    """A run of another encoder, from a recipe of its own, exported."""
    content = json.loads((competition / "recipe.json").read_text())
    kept = {name: content[name] for name in ("geometry", "windows", "decoder_filters")}
    fit = {"steps": 2, "batch": 2, "accumulate": 2, "label_smoothing": 0.01, "validation_slices": 8}
    recipe = {"name": "small-resnet", "architecture": "lesion-map-resnet50", "mirrored": True, "fit": fit, **kept}
    path = competition / "resnet.json"
    path.write_text(json.dumps(recipe | {"augmentation": {"turn_degrees": 10.0}}))
    run = tables / "resnet"
    call(train, "rsna", "fit", tables, run, "--recipe", path, "--start", "random", "--batch-workers", "1")
    call(train, "rsna", "export", run)
    return run


def test_a_recipe_with_another_encoder_trains_exports_and_is_served(resnet, competition):
    manifest = read_manifest(resnet / "model")
    assert (manifest.name, manifest.architecture, manifest.mirrored) == ("rsna-resnet50", "lesion-map-resnet50", True)
    fitting = read_run(resnet).fitting
    assert (fitting.accumulate, fitting.label_smoothing, fitting.augmentation.turn_degrees) == (2, 0.01, 10.0)
    output = call(node, "analyze", competition / "stage_2_test", "--model", resnet / "model", "--json", "--force")
    assert '"rsna-resnet50"' in output


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_encoder_answers_alike_on_every_backend(backend, resnet, on_jax, tmp_path):
    if find_spec(backend) is None:
        pytest.skip(f"the Keras backend {backend} is not installed")
    environment = {**on_jax, "TF_CPP_MIN_LOG_LEVEL": "3"}
    other, ours = (
        answer({**environment, "KERAS_BACKEND": name}, tmp_path / f"{name}.npz", resnet / "model")
        for name in (backend, "tensorflow")
    )
    for name, logits in ours.items():
        assert np.abs(1 / (1 + np.exp(-logits)) - 1 / (1 + np.exp(-other[name]))).max() < 1e-3


ANSWER = """
import sys
import numpy as np
from triage_node.models import read_manifest, restore_network
from triage_node.models.networks import compile_forward
manifest = read_manifest(sys.argv[1])
shape = (2, manifest.geometry.rows, manifest.geometry.columns, manifest.channels)
x = np.random.default_rng(5).uniform(-1, 1, shape).astype(np.float32)
np.savez(sys.argv[2], **compile_forward(restore_network(manifest), 2)(x))
"""


def answer(environment, path, model):
    """Return what a model says of random slices in a process of its own."""
    subprocess.run([sys.executable, "-P", "-c", ANSWER, str(model), str(path)], check=True, env=environment)
    with np.load(path) as stored:
        return dict(stored)


@pytest.mark.parametrize("content", ["", "[]", '{"run": {}}'])
def test_a_run_that_does_not_say_how_it_was_begun_is_one_sentence(fitted, tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    (tmp_path / "checkpoint.npz").touch()
    run = replace(read_run(fitted / "run"), folder=tmp_path)
    with pytest.raises(TriageError, match="does not say how the run was begun"):
        write_run(run)


def test_the_model_is_served(fitted, competition):
    output = call(
        node, "analyze", competition / "stage_2_test", "--model", fitted / "run" / "model", "--json", "--force"
    )
    assert '"rsna-lite0"' in output
    assert '"9.9.9"' in output


def test_the_submission_has_the_rows_of_the_sample(fitted, competition, tmp_path):
    model = ("--model", fitted / "run" / "model")
    only = ("--only", "stage_2_test", "--workers", "1")
    call(train, "rsna", "index", competition, "--out", tmp_path, *only)
    call(train, "rsna", "shards", tmp_path, "--workers", "1", "--recipe", competition / "recipe.json")
    sample = competition / "stage_2_sample_submission.csv"
    call(train, "rsna", "submit", tmp_path, *model, "--out", tmp_path / "submission.csv", "--sample", sample)
    with (tmp_path / "submission.csv").open() as written, sample.open() as wanted:
        rows = list(csv.DictReader(written))
        assert [row["ID"] for row in rows] == [row["ID"] for row in csv.DictReader(wanted)]
    assert all(0 <= float(row["Label"]) <= 1 for row in rows)
    assert (tmp_path / SHARDS_FOLDER / "refused.csv").exists()


def test_the_card_says_what_the_model_has_seen(fitted, tmp_path):
    """It said that thresholds come from generated studies, and to train on the set that it was trained on."""
    card = " ".join((fitted / "run" / "model" / "CARD.md").read_text().split())
    assert "It began with an encoder of ImageNet." in card
    assert "of the validation fold" in card
    assert "enerated studies" not in card
    assert "Train on RSNA" not in card
    run = read_run(fitted / "run")
    begun = replace(run, fitting=replace(run.fitting, start=tmp_path / "lesion-map-lite0-0.15.0" / "weights.npz"))
    manifest = export_run(ExportRequest(begun, tmp_path / "model", "rsna", "1.0.0"), begun.split())
    assert "It began with the weights of lesion-map-lite0-0.15.0" in manifest.training_data


def test_a_fold_that_stopped_the_series_model_is_not_called_unseen(fitted):
    manifest = read_manifest(fitted / "run" / "model")
    assert "stopped" not in _seen_by(replace(manifest, series_sha256=None))
    assert "decided when the fit of the series model stopped" in _seen_by(replace(manifest, series_sha256="0" * 64))
