import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from triage_node.errors import TriageError
from triage_node.findings import LABELS, Label
from triage_node.models import load_model, read_manifest
from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.models.weights_file import read_weights, sha256_of
from triage_node.train.cli import app
from triage_node.train.export import ModelDescription, export_model
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.batches import SlicePool
from triage_node.train.fitting.settings import WINDOWS
from triage_node.train.phantom.dicom_series import write_volume
from triage_node.train.shards import record_study, write_shard
from triage_node.train.site.adaptation import read_generated
from triage_node.train.site.batches import MixedBatches, SitePool, as_record
from triage_node.train.site.cases import Case

pytestmark = pytest.mark.slow

GEOMETRY = Geometry(mm_per_pixel=2.5, rows=96, columns=64)
PATIENTS = {"jane": (3, Label.EPIDURAL), "joan": (7, Label.INTRAPARENCHYMAL), "john": (1,), "jack": (2,)}
runner = CliRunner()


@pytest.fixture(scope="module")
def cases(make_study):
    """A patient with an epidural hematoma and one without hemorrhage; every slice is labeled."""
    found = []
    for name in ("jane", "john"):
        study = make_study(*PATIENTS[name])
        labels = study.slice_labels.astype(np.uint8)
        known, head = np.ones(len(labels), bool), strip_head(study.volume, GEOMETRY)
        found.append(Case(name, head, labels, known, labels.max(axis=0)))
    return found


@pytest.fixture(scope="module")
def records(make_study):
    return [record_study(make_study(*PATIENTS[name]), GEOMETRY, seed) for seed, name in enumerate(("jane", "john"))]


@pytest.fixture(scope="module")
def shards(records, tmp_path_factory):
    """Two shards of the same two studies again and again: generating two dozen takes minutes."""
    folder = tmp_path_factory.mktemp("shards")
    for seeds in (range(20), range(20, 24)):
        repeated = [replace(records[seed % 2], seed=seed) for seed in seeds]
        write_shard(folder / f"shard-{seeds.start:08d}.npz", repeated, GEOMETRY)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The shipped weights in a small frame."""
    shipped = read_manifest()
    names = ModelDescription.__dataclass_fields__
    description = ModelDescription(**({name: getattr(shipped, name) for name in names} | {"geometry": GEOMETRY}))
    return export_model([shipped.weights_path], tmp_path_factory.mktemp("models") / "base", description)


@pytest.fixture(scope="module")
def site(make_study, tmp_path_factory):
    """A site: four patients as DICOM, and their labels by slice."""
    folder = tmp_path_factory.mktemp("site")
    rows = [f"patient,slice,{','.join(LABELS)}"]
    for number, (name, made) in enumerate(PATIENTS.items()):
        study = make_study(*made)
        positions = np.asarray(study.volume.positions_mm, np.float64)
        write_volume(folder / "dicom" / name, replace(study.volume, positions_mm=positions), number)
        rows += [
            f"{name},{index + 1},{','.join(map(str, labels.tolist()))}"
            for index, labels in enumerate(study.slice_labels.astype(int))
        ]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_a_case_is_fitted_on_as_it_is_served(cases):
    record, head = as_record(cases[0]), cases[0].head
    inside = record.mask
    assert np.array_equal(inside, head.mask)
    near = inside & (np.abs(head.hu) < 50)
    # Records hold whole HU; the rest is what single precision makes of half a HU.
    assert np.abs(record.hu - head.hu)[near].max() <= 0.5 + 1e-4
    assert np.array_equal(record.labels[:, -1], cases[0].slabs()[0][:, -1])


def test_only_labeled_slices_are_drawn_half_of_them_with_hemorrhage(cases, seed):
    rng = np.random.default_rng(seed)
    pool = SitePool(cases, WINDOWS)
    for _ in range(12):
        assert pool.example(True, rng)[2][[0, -1]].tolist() == [1, 1]
        assert not pool.example(False, rng)[2].any()
    sick, well = cases
    unlabeled = replace(sick, known=sick.labels[:, -1] == 0)
    with pytest.raises(TriageError, match="with and without hemorrhage in every fold"):
        SitePool([unlabeled, well], WINDOWS)


def test_half_a_batch_is_of_the_site_and_its_maps_weigh_nothing(cases, records, seed):
    batches = MixedBatches(SitePool(cases, WINDOWS), SlicePool(records, WINDOWS, Augmentation()), 3, 8, seed)
    images, targets, weights = batches[0]
    assert len(batches) == 3
    assert images.shape == (8, 96, 64, 4)
    assert weights["map"].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert weights["slice"].tolist() == [1] * 8
    assert targets["map"].shape == (8, 24, 16, 6)
    assert targets["slice"][:, -1].tolist() == [1, 0] * 4
    assert np.array_equal(batches[0][0], images)
    assert not np.array_equal(batches[1][0], images)


def test_generated_studies_must_suffice_and_fit_the_model(base, shards, records, tmp_path):
    generated = read_generated(shards, base)
    assert (len(generated.pool.records), len(generated.held_out)) == (20, 4)
    shutil.copy(shards / "shard-00000000.npz", tmp_path)
    with pytest.raises(TriageError, match="at least two shards"):
        read_generated(tmp_path, base)
    write_shard(tmp_path / "shard-00000020.npz", records, Geometry())
    with pytest.raises(TriageError, match=r"shard-00000020\.npz is made of"):
        read_generated(tmp_path, base)
    write_shard(tmp_path / "shard-00000000.npz", records, GEOMETRY)
    write_shard(tmp_path / "shard-00000020.npz", records, GEOMETRY)
    with pytest.raises(TriageError, match="at least 20 generated studies beside the last shard, got 2"):
        read_generated(tmp_path, base)


@pytest.mark.slow
def test_every_fit_starts_from_the_same_weights(base, cases, records, tmp_path, seed):
    from triage_node.train.site.tuning import Tuner, TuningSettings

    pool, settings = SitePool(cases, WINDOWS), TuningSettings(steps=10, batch=4, warm_up=2, learning_rate=1e-3)
    tuner, steps = Tuner(base, SlicePool(records, WINDOWS, Augmentation()), settings), []
    first, other, again = (
        read_weights(tuner.fit(pool, number, tmp_path / f"{place}.npz", lambda: steps.append(1)))
        for place, number in enumerate((seed, seed + 1, seed))
    )
    start = read_weights(base.weights_path)

    def distance(one, two):
        return np.sqrt(sum(float(np.sum((one[name] - two[name]) ** 2)) for name in one))

    assert len(steps) == 30
    assert distance(first, start) > 0
    assert distance(first, again) < 0.3 * distance(first, other)
    statistics = [name for name in first if name.endswith(("moving_mean", "moving_variance"))]
    assert statistics
    assert all(np.allclose(first[name], start[name]) for name in statistics)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_site_adapts_a_model(base, site, shards, make_study):
    before = sha256_of(base.folder / "manifest.json")
    arguments = ["adapt", str(base.folder), "--site", str(site / "labels.csv"), "--dicom", str(site / "dicom")]
    arguments += ["--shards", str(shards), "--out", str(site / "model"), "--name", "St. Mary's"]
    arguments += ["--folds", "2", "--seeds", "1", "--steps", "10"]
    refused = runner.invoke(app, arguments)
    assert refused.exit_code == 1
    assert "2 of 49 studies without it and 2 of 15 studies with it" in str(refused.exception)
    assert not (site / "model").exists()
    result = runner.invoke(app, [*arguments, "--keep-thresholds"])
    assert result.exit_code == 0, result.output
    assert "keep the old model" in " ".join(result.output.split())
    assert sha256_of(base.folder / "manifest.json") == before
    model = load_model(site / "model")
    assert model.manifest.name == f"{base.name}-st-mary-s"
    assert model.manifest.base.sha256 == base.sha256
    assert "Adapted to 4 labeled studies of 4 patients of a site" in model.manifest.training_data
    old, new = read_weights(base.weights_path), read_weights(site / "model" / "weights.npz")
    assert any(np.abs(old[name] - new[name]).max() > 1e-5 for name in old)
    assert model.predict(make_study(2).volume).distance is not None
    assert (site / "model" / "adaptation.png").read_bytes().startswith(b"\x89PNG")
    written = json.loads((site / "model" / "adaptation.json").read_text(encoding="utf-8"))
    [patients] = [gain for gain in written["gains"] if gain["rows"] == "patients" and gain["label"] == "any"]
    assert (patients["count"], patients["positive"]) == (4, 2)
    assert 0 <= patients["after"][0] <= 1
    texts = [(site / "model" / name).read_text(encoding="utf-8") for name in ("ADAPTATION.md", "CARD.md")]
    assert "## AUC, patients (4)" in texts[0]
    assert all("keep the old model" in " ".join(text.split()).lower() for text in texts)
    assert not any(name in text for text in (*texts, json.dumps(written)) for name in PATIENTS)
    fits = sorted(path.name for path in (site / "model" / "fits").glob("*/*"))
    assert fits == ["fold-0-0-scores.npz", "fold-0-1-scores.npz"]


@pytest.mark.slow
def test_a_site_calibrates_a_model(base, site, tmp_path):
    arguments = ["calibrate", str(base.folder), "--site", str(site / "labels.csv"), "--dicom", str(site / "dicom")]
    result = runner.invoke(app, [*arguments, "--out", str(tmp_path / "here"), "--alpha-negative", "0.05"])
    assert result.exit_code == 0, result.output
    assert "any: 2 of 19 studies without it and 2 of 15 studies with it" in " ".join(result.output.split())
    manifest = read_manifest(tmp_path / "here")
    assert manifest.thresholds == base.thresholds
    assert manifest.base.name == base.name
    old, new = read_weights(base.weights_path), read_weights(tmp_path / "here" / "weights.npz")
    assert all(np.array_equal(old[name], new[name]) for name in old)


@pytest.mark.slow
def test_a_study_that_the_labels_do_not_name_is_not_judged(base, site, tmp_path):
    """Nothing is known of it: to count it as free of hemorrhage would be a wrong figure without a word."""
    rows = (site / "labels.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    named = [row for row in rows if row.startswith(("patient", "jane", "john"))]
    (tmp_path / "labels.csv").write_text("".join(named), encoding="utf-8")
    arguments = ["evaluate", str(base.folder), "--dicom", str(site / "dicom"), "--labels", str(tmp_path / "labels.csv")]
    result = runner.invoke(app, [*arguments, "--report", str(tmp_path / "report")])
    output = " ".join(result.output.split())
    assert result.exit_code == 0, output
    assert "2 folders of" in output
    assert "are not named in labels.csv and are left out" in output
    assert "Labeled studies (dicom): 2 studies" in output
    assert "Bars" not in output
    assert "Development" not in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    (tmp_path / "labels.csv").write_text("".join([*named, "nobody,1,0,0,0,0,0,0\n"]), encoding="utf-8")
    result = runner.invoke(app, arguments)
    assert result.exit_code == 1
    assert "there is no folder 'nobody'" in str(result.exception)
