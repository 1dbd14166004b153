import csv
import os
import resource
import shutil
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from indexing import indexed
from typer.testing import CliRunner

from triage_node.errors import StorageError
from triage_node.train.cli import app
from triage_node.train.phantom.study import SLICE_MM
from triage_node.train.rsna.dataset.competition import pack
from triage_node.train.rsna.dataset.images import ImagesError, open_images
from triage_node.train.rsna.dataset.index import plan_indexing
from triage_node.train.rsna.dataset.index_parts import PARTS_FOLDER, PartsError, make_part
from triage_node.train.rsna.dataset.problems import ProblemCode
from triage_node.train.rsna.dataset.tables import INDEX_SCHEMA, SORTED_BY, read_index

pytestmark = pytest.mark.slow


@pytest.fixture
def train_folder(generated_set, tmp_path):
    """A copy of the labeled images that a test may spoil."""
    return shutil.copytree(generated_set / "stage_2_train", tmp_path / "images")


def test_every_image_has_a_row_with_its_labels(indexed_set, labels):
    index, problems = indexed_set
    assert index.table.schema.equals(INDEX_SCHEMA)
    assert [problem.code for problem in problems] == [ProblemCode.TRUNCATED]
    assert index.table.num_rows == labels.table.num_rows - 1
    assert all(index.table["has_label"].to_pylist())
    truth = {row["sop_instance_uid"]: row["any"] for row in labels.table.to_pylist()}
    assert all(truth[row["sop_instance_uid"]] == row["any"] for row in index.table.to_pylist())


def test_slices_of_a_series_are_in_order_and_spaced(indexed_set):
    index, _ = indexed_set
    rows = index.table.to_pylist()
    assert [tuple(row[name] for name in SORTED_BY) for row in rows] == sorted(
        tuple(row[name] for name in SORTED_BY) for row in rows
    )
    for series in {row["series_instance_uid"] for row in rows}:
        positions = [row["position_mm"] for row in rows if row["series_instance_uid"] == series]
        steps = np.diff(positions)
        assert np.median(steps) in tuple(SLICE_MM)
        assert np.allclose(steps % np.median(steps), 0, atol=0.01) or steps.max() < 2.01 * np.median(steps)


def test_the_wrapped_study_is_known(indexed_set):
    index, _ = indexed_set
    wrapped = {row["series_instance_uid"] for row in index.table.to_pylist() if row["wrapped"]}
    assert len(wrapped) == 1


def test_the_zip_gives_the_same_rows(generated_set, labels, tmp_path):
    packed = pack(generated_set)
    from_folder, _ = indexed(generated_set, tmp_path / "folder", labels)
    from_zip, problems = indexed(packed, tmp_path / "zip", labels)
    assert {problem.code for problem in problems} == {ProblemCode.TRUNCATED, ProblemCode.UNLABELED}
    assert from_folder.table.drop_columns("source").equals(from_zip.table.drop_columns("source"))
    assert set(from_zip.table["source"].to_pylist()) < set(zipfile.ZipFile(packed).namelist())
    assert read_index(tmp_path / "zip").fingerprint == from_zip.fingerprint != from_folder.fingerprint


def test_test_images_have_no_labels(generated_set, tmp_path):
    index, problems = indexed(generated_set, tmp_path, None, "stage_2_test")
    assert problems == []
    assert set(index.table["any"].to_pylist()) == {None}
    assert not any(index.table["has_label"].to_pylist())


def test_what_is_wrong_with_a_file_is_listed(train_folder, labels, tmp_path):
    images = sorted(train_folder.glob("*.dcm"))
    (cut_off,) = (path for path in images if path.stat().st_size < 8000)
    garbage, header_only, missing, twice = [path for path in images if path != cut_off][:4]
    garbage.write_bytes(b"\0" * 1000)
    header_only.write_bytes(header_only.read_bytes()[:300])
    missing.unlink()
    shutil.copy(twice, train_folder / "z.dcm")
    index, problems = indexed(train_folder, tmp_path / "out", labels)
    found = {(problem.file, problem.code) for problem in problems}
    assert (garbage.name, ProblemCode.UNREADABLE) in found
    assert (header_only.name, ProblemCode.TRUNCATED) in found
    assert (cut_off.name, ProblemCode.TRUNCATED) in found
    assert ("z.dcm", ProblemCode.DUPLICATE) in found
    assert {problem.image for problem in problems if problem.code == ProblemCode.MISSING_IMAGE} >= {missing.stem}
    assert index.table.num_rows == len(images) - 4
    with (tmp_path / "out" / "problems.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(problems)


def test_links_are_followed_and_one_to_nowhere_is_listed(train_folder, tmp_path):
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "stage_2_train").symlink_to(train_folder)
    (train_folder / "round").symlink_to(tmp_path / "linked")
    (train_folder / "gone.dcm").symlink_to(tmp_path / "nowhere")
    index, problems = indexed(tmp_path / "linked", tmp_path / "out", None, "stage_2_train")
    assert index.table.num_rows == len(list(train_folder.glob("ID*.dcm"))) - 1
    assert ("stage_2_train/gone.dcm", ProblemCode.UNREADABLE) in {(one.file, one.code) for one in problems}


def test_a_damaged_member_of_a_zip_is_listed(generated_set, tmp_path):
    path = tmp_path / "set.zip"
    shutil.copy(pack(generated_set), path)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as packed:
        members = [member for member in packed.infolist() if member.filename.endswith(".dcm")]
    moved, scrambled = members[:2]
    content[moved.header_offset : moved.header_offset + 4] = b"none"
    start = scrambled.header_offset + 30 + len(scrambled.filename)
    content[start : start + 60] = b"\xff" * 60
    path.write_bytes(content)
    _, problems = indexed(path, tmp_path / "out")
    named = {(one.file, one.code) for one in problems}
    assert {(member.filename, ProblemCode.UNREADABLE) for member in (moved, scrambled)} <= named


def test_a_file_that_lacks_one_byte_is_listed(train_folder, tmp_path):
    path = max(train_folder.glob("*.dcm"))
    path.write_bytes(path.read_bytes()[:-1])
    _, problems = indexed(train_folder, tmp_path / "out")
    assert {problem.file for problem in problems if problem.code == ProblemCode.TRUNCATED} >= {path.name}


def test_a_part_is_made_once_and_anew_when_its_files_change(train_folder, tmp_path):
    first, _ = indexed(train_folder, tmp_path / "out")
    indexing = plan_indexing(train_folder, tmp_path / "out")
    assert list(indexing.read(1)) == [indexing.files]
    max(train_folder.glob("*.dcm")).unlink()
    changed = plan_indexing(train_folder, tmp_path / "out")
    assert not set(changed.plan) & set(indexing.plan)
    second, _ = indexed(train_folder, tmp_path / "out")
    assert second.fingerprint != first.fingerprint
    assert {path.name for path in (tmp_path / "out" / PARTS_FOLDER).iterdir()} == set(changed.plan)


def test_a_disk_that_refuses_is_one_sentence_and_spoils_nothing(generated_set, tmp_path):
    indexing = plan_indexing(generated_set, tmp_path, "stage_2_test")
    ((name, files),) = indexing.plan.items()
    with largest_file(1000), pytest.raises(StorageError, match="what is complete stays, so call again") as error:
        make_part(indexing.images, tmp_path / PARTS_FOLDER / name, files)
    assert name in str(error.value)
    assert list((tmp_path / PARTS_FOLDER).iterdir()) == []


@contextmanager
def largest_file(size):
    """Let this process write no file beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_damaged_part_is_one_sentence(generated_set, tmp_path):
    indexed(generated_set, tmp_path, None, "stage_2_test")
    part = next((tmp_path / PARTS_FOLDER).iterdir())
    part.write_bytes(b"damaged")
    with pytest.raises(PartsError, match="remove it and call again"):
        plan_indexing(generated_set, tmp_path, "stage_2_test").finish(None)


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_what_is_no_folder_and_no_zip_is_one_sentence(tmp_path, content):
    path = tmp_path / "set.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImagesError, match=r"set\.zip"):
        open_images(path)


def test_a_folder_without_images_is_one_sentence(tmp_path):
    with pytest.raises(ImagesError, match=r"There is no \.dcm file"):
        plan_indexing(tmp_path, tmp_path / "out")


@pytest.mark.slow
def test_the_commands_go_from_csv_to_index(generated_set, tmp_path):
    out = str(tmp_path / "tables")
    runner = CliRunner()
    assert runner.invoke(app, ["rsna", "labels", str(generated_set / "stage_2_train.csv"), "--out", out]).exit_code == 0
    arguments = ["rsna", "index", str(generated_set), "--only", "stage_2_train", "--labels", out, "--out", out]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "3 series, " in result.output
    assert read_index(tmp_path / "tables").images == generated_set.resolve()


def test_a_name_that_is_no_text_is_one_sentence(tmp_path):
    (tmp_path / os.fsdecode(b"ID_\xff.dcm")).touch()
    with pytest.raises(ImagesError, match="a name that is no UTF-8"):
        open_images(tmp_path).listed()


def test_a_name_may_have_letters_and_spaces_of_any_script(tmp_path):
    (tmp_path / "頭部\u3000é.dcm").touch()
    assert [one.name for one in open_images(tmp_path).listed()] == ["頭部\u3000é.dcm"]
