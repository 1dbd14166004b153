import csv
import zipfile

import numpy as np
import pytest
from pydicom import dcmread
from typer.testing import CliRunner

from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.train.cli import app
from triage_node.train.phantom.study import FIELD_MM, generate_study, random_recipe, random_types
from triage_node.train.rsna.dataset.competition import pack
from triage_node.train.rsna.dataset.images import open_images
from triage_node.train.rsna.synthetic.frequencies import POSITIVE_SHARE
from triage_node.train.rsna.synthetic.generate import generate_set, plan_set, write_study
from triage_node.train.rsna.synthetic.generated_images import SIGNED, UNSIGNED, WRAPPED

pytestmark = pytest.mark.slow

COMPETITION_TAGS = {
    "SOPInstanceUID", "Modality", "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "StudyID",
    "ImagePositionPatient", "ImageOrientationPatient", "SamplesPerPixel", "PhotometricInterpretation", "Rows",
    "Columns", "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "WindowCenter",
    "WindowWidth", "RescaleIntercept", "RescaleSlope", "PixelData",
}  # fmt: skip


def rows_of(path) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI:UserWarning")
def test_an_image_has_the_tags_of_the_competition_and_no_others(generated_set):
    path = next((generated_set / "stage_2_train").glob("*.dcm"))
    ds = dcmread(path)
    assert {element.keyword for element in ds} == COMPETITION_TAGS
    assert ds.SOPInstanceUID == path.stem
    assert all(str(ds[name].value).startswith("ID_") for name in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID"))


def test_both_csv_files_have_six_rows_an_image(generated_set):
    for name, folder in (("stage_2_train.csv", "stage_2_train"), ("stage_2_sample_submission.csv", "stage_2_test")):
        header, *rows = rows_of(generated_set / name)
        assert header == ["ID", "Label"]
        images = {path.stem for path in (generated_set / folder).glob("*.dcm")}
        assert {row[0] for row in rows} == {f"{image}_{label}" for image in images for label in LABELS}


def test_some_rows_are_there_twice_and_one_contradicts(generated_set):
    _, *rows = rows_of(generated_set / "stage_2_train.csv")
    values_by_name: dict[str, set[str]] = {}
    for name, value in rows:
        values_by_name.setdefault(name, set()).add(value)
    assert len(rows) == len(values_by_name) + 4 * len(LABELS) + 1
    assert [name.rsplit("_")[-1] for name, values in values_by_name.items() if len(values) > 1] == ["any"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_wrapped_and_a_plain_study_read_back_as_they_were_generated(generated_set, atlas, number):
    study = plan_set(3, 3, 1, 64)[number]
    rng = np.random.default_rng([3, number])
    made = generate_study(atlas, random_recipe(rng, random_types(rng, POSITIVE_SHARE), FIELD_MM / 64), rng)
    names = study.names(len(made.volume.hu))
    with open_images(generated_set) as images:
        read = np.stack([images.hounsfield(f"{study.folder}/{image}.dcm") for image in names.images])
    assert read.min() < -900
    assert np.array_equal(read, np.clip(made.volume.hu, study.storage.lowest_hu, 3071))


@pytest.mark.parametrize(
    ("storage", "expected"),
    [(SIGNED, [0, 1024, 1064, 4095]), (UNSIGNED, [0, 1024, 1064, 4095]), (WRAPPED, [3096, 0, 40, 3071])],
)
def test_each_storage_holds_the_scale(storage, expected):
    stored = storage.stored(np.array([-1024, 0, 40, 3071], np.float32))
    assert (stored.dtype.itemsize, stored.tolist()) == (2, expected)


def test_the_same_seed_gives_the_same_files(generated_set, tmp_path, atlas):
    study = plan_set(3, 3, 1, 64)[0]
    write_study(tmp_path, study, atlas)
    for path in (tmp_path / study.folder).glob("*.dcm"):
        assert path.read_bytes() == (generated_set / study.folder / path.name).read_bytes()


def test_patients_have_several_studies_and_none_lies_in_both_folders():
    planned = plan_set(seed=0, train=200, test=50, size=64)
    patients = {folder: {study.patient for study in planned if study.folder == folder} for folder in
                ("stage_2_train", "stage_2_test")}  # fmt: skip
    assert not patients["stage_2_train"] & patients["stage_2_test"]
    assert 140 < len(patients["stage_2_train"]) < 185


def test_the_zip_has_the_layout_of_the_competition_and_is_always_the_same(generated_set):
    path = pack(generated_set)
    first = path.read_bytes()
    with zipfile.ZipFile(path) as packed:
        folders = {name.rsplit("/", 1)[0] for name in packed.namelist()}
    root = "rsna-intracranial-hemorrhage-detection"
    assert folders == {root, f"{root}/stage_2_train", f"{root}/stage_2_test"}
    assert pack(generated_set).read_bytes() == first


@pytest.mark.slow
def test_the_command_generates_in_a_process_and_goes_on_where_it_was(tmp_path):
    arguments = ["rsna", "generate", str(tmp_path), "--studies", "2", "--test-studies", "1", "--size", "64"]
    arguments += ["--workers", "1"]  # each process would load the atlas
    result = CliRunner().invoke(app, [*arguments, "--zip"])
    assert result.exit_code == 0, result.output
    first = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.dcm")}
    assert len(first) > 60
    (tmp_path / "stage_2_train.csv").unlink()
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.dcm")} == first
    assert (tmp_path / "stage_2_train.csv").is_file()


def test_another_set_is_not_mixed_into_a_folder(tmp_path, atlas):
    write_study(tmp_path, plan_set(1, 1, 1, 64)[0], atlas)
    with pytest.raises(TriageError, match="holds studies of another set"):
        next(generate_set(tmp_path, plan_set(2, 1, 1, 64), 1))
