from dataclasses import replace

import numpy as np
import pytest

from triage_node.errors import ModelError
from triage_node.findings import TYPES, Label
from triage_node.models.preprocessing import Geometry, strip_head
from triage_node.train.evaluation.scored import as_head, lesion_statistics
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.batches import SlicePool, cell_targets
from triage_node.train.fitting.settings import WINDOWS
from triage_node.train.phantom.making import shard_ranges
from triage_node.train.shards import (
    _of_slabs,
    check_frames,
    read_frame,
    read_seeds,
    read_shard,
    record_study,
    shard_paths,
    write_shard,
)

GEOMETRY = Geometry()
SHOWN = replace(GEOMETRY, shown_area_cm2=180.0)


@pytest.fixture(scope="module")
def record(make_study):
    return record_study(make_study(3, Label.EPIDURAL), GEOMETRY, 3)


def test_a_record_survives_its_file(record, tmp_path):
    write_shard(tmp_path / "shard-00000003.npz", [record], GEOMETRY)
    (tmp_path / "shard-00000004.17.partial.npz").touch()
    found = read_shard(shard_paths(tmp_path)[0])[0]
    assert len(shard_paths(tmp_path)) == 1
    for name in ("gray", "bits", "neighbors", "labels", "area_cm2"):
        assert np.array_equal(getattr(found, name), getattr(record, name))


def test_a_head_that_is_shown_smaller_has_the_blood_and_labels_it_has(record, make_study, tmp_path):
    smaller = record_study(make_study(3, Label.EPIDURAL), SHOWN, 3)
    write_shard(tmp_path / "shard-00000003.npz", [smaller], SHOWN)
    found = read_shard(tmp_path / "shard-00000003.npz")[0]
    assert found.magnification == smaller.magnification < 0.95
    assert as_head(found).shown_slice_mm == pytest.approx(record.slice_mm * found.magnification)
    assert (found.bits & 1).sum() < 0.95 * (record.bits & 1).sum()
    (volume, hu), (expected, expected_hu) = (lesion_statistics(one, GEOMETRY.mm_per_pixel) for one in (found, record))
    assert volume == pytest.approx(expected, rel=0.07)
    assert hu == pytest.approx(expected_hu, rel=0.03, nan_ok=True)
    assert found.labels.tolist() == record.labels.tolist()


def test_shards_of_heads_that_are_shown_otherwise_are_refused(record, tmp_path):
    path = tmp_path / "shard-00000003.npz"
    write_shard(path, [record], GEOMETRY)
    check_frames(tmp_path, GEOMETRY)
    with pytest.raises(
        ModelError, match=r"shard-00000003\.npz .* heads as large as they are, .* reads .* heads of 180 cm2"
    ):
        check_frames(tmp_path, SHOWN)


def test_shards_from_before_heads_were_shown_alike_show_them_as_large_as_they_are(record, tmp_path):
    path = tmp_path / "shard-00000003.npz"
    write_shard(path, [record], GEOMETRY)
    with np.load(path) as stored:
        old = {name: stored[name] for name in stored if not name.startswith("magnification")}
    np.savez(path, **{**old, "geometry": old["geometry"][:3]})
    assert read_shard(path)[0].magnification == 1
    check_frames(tmp_path, GEOMETRY)


@pytest.mark.parametrize("read", [read_shard, read_seeds, read_frame])
@pytest.mark.parametrize("keep", [0, 100, -20])
def test_a_damaged_shard_is_named(record, tmp_path, read, keep):
    path = tmp_path / "shard-00000003.npz"
    write_shard(path, [record], GEOMETRY)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match=r"shard-00000003.npz cannot be read.*generate it again"):
        read(path)


def test_training_sees_what_serving_sees(record, make_study):
    served = strip_head(make_study(3, Label.EPIDURAL).volume, GEOMETRY).channels(WINDOWS)
    stored = as_head(record).channels(WINDOWS)
    differ = np.abs(served - stored) > 0.02  # rounding moves a few border pixels across the limit of dense blood
    assert differ.mean() < 0.001


def test_lesion_bits_lie_where_the_blood_is(record):
    blood = (record.bits & 1) > 0
    assert blood.any()
    assert record.mask[blood].all()
    assert np.median(record.hu[blood]) > 8
    assert record.labels[:, 0].sum() > 0


def test_cells_say_how_full_they_are():
    bits = np.zeros((8, 8), np.uint8)
    bits[:4, :4] = 1 << 2
    bits[4:, :1] = 1 << 4
    found = cell_targets(bits)
    assert found.shape == (2, 2, 6)
    assert found[0, 0].tolist() == [0, 0, 1, 0, 0, 1]
    assert found[1, 0].tolist() == [0, 0, 0, 0, 0.5, 0.5]


def test_batches_are_balanced_and_repeat_with_the_seed(record, make_study, seed):
    plain = record_study(make_study(1), GEOMETRY, 1)
    pool = SlicePool([record, plain], WINDOWS, Augmentation())
    images, targets = pool.batch(8, np.random.default_rng(seed))
    again, _ = pool.batch(8, np.random.default_rng(seed))
    assert np.array_equal(images, again)
    assert images.shape == (8, GEOMETRY.rows, GEOMETRY.columns, 4)
    assert targets["map"].shape == (8, GEOMETRY.rows // 4, GEOMETRY.columns // 4, 6)
    assert targets["slice"][:, 0].tolist() == [1, 0] * 4
    assert np.abs(images).max() <= 1


def test_without_augmentation_a_slice_is_shown_as_served(record):
    index = int(np.flatnonzero(record.labels[:, 0])[0])
    image, _, labels = SlicePool([record], WINDOWS).example(0, index, np.random.default_rng(0))
    assert np.allclose(image, as_head(record).channels(WINDOWS)[index])
    assert labels[0] == 1


def test_a_growing_folder_is_taken_in_once(record, tmp_path):
    pool = SlicePool([], WINDOWS)
    write_shard(tmp_path / "shard-00000003.npz", [record], GEOMETRY)
    for _ in range(2):
        pool.add_folder(tmp_path)
    assert len(pool.records) == 1
    assert len(pool.with_type) == len(TYPES)


def test_shards_share_the_seeds_without_gaps():
    assert shard_ranges(5, 50) == [(5, 25), (25, 45), (45, 55)]


def test_blood_of_a_slab_is_what_half_of_its_slices_show():
    bits = np.zeros((5, 1, 3), np.uint8)
    bits[0, 0, 0] = bits[2, 0, 1] = bits[3, 0, 1] = 1 << 2
    bits[4, 0, 2] = 1 << 4
    found = _of_slabs(bits, np.array([0, 0, 0, 1, 1]))
    assert found.tolist() == [[[0, 0, 0]], [[0, 4, 16]]]
    assert _of_slabs(bits, np.arange(5)) is bits
