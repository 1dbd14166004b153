"""Shards of DICOM series: the same slices as serving sees, none lost or repeated."""

import errno
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rsna_sets
from programs import Program
from rsna_sets import SMALL, labels_of, write_set

from triage_node.errors import StorageFull, TriageError
from triage_node.findings import Label
from triage_node.imaging import Instance, Policy, Series, read_volume
from triage_node.models.preprocessing import strip_head
from triage_node.train.evaluation.scored import as_head
from triage_node.train.rsna.dataset.indexed_series import series_between, series_starts
from triage_node.train.rsna.dataset.tables import fingerprint
from triage_node.train.rsna.dataset.unused_images import write_refusals
from triage_node.train.rsna.shards import sharding
from triage_node.train.rsna.shards.cache import open_cache
from triage_node.train.rsna.shards.shard import ShardPaths, write_shard
from triage_node.train.rsna.shards.sharding import Sharding, ShardJob, make_shard
from triage_node.train.shards import INSIDE_BIT, OFFSET

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def rsna_set(make_study, tmp_path_factory):
    """Two heads, and a patient whose images show nothing."""
    folder = tmp_path_factory.mktemp("rsna")
    studies = {}
    for patient, study in {"ID_a": make_study(1), "ID_b": make_study(3, Label.EPIDURAL)}.items():
        labels = np.stack([labels_of(*(["epidural"] if bits.any() else [])) for bits in study.bits])
        studies[patient] = (study.volume, labels)
    volume = studies["ID_a"][0]
    studies["ID_c"] = (replace(volume, hu=np.full_like(volume.hu, -1000)), np.zeros((len(volume.hu), 6), np.uint8))
    return write_set(folder, studies)


def make_all(index, folder, monkeypatch, geometry=SMALL):
    """Make shards in this process, one series each."""
    monkeypatch.setattr(sharding, "in_processes", lambda work, jobs, _workers: map(work, jobs))
    return list(Sharding(index, folder, geometry, series_per_shard=1).make(1))


def test_slices_are_those_that_serving_sees(rsna_set, tmp_path, monkeypatch):
    made = make_all(rsna_set, tmp_path, monkeypatch)
    images = rsna_set.table.num_rows // 3
    assert [(one.images, one.refused) for one in made] == [(images, 0), (images, 0), (images, images)]
    cache = open_cache(tmp_path, SMALL)
    files = sorted((rsna_set.images / "ID_b").glob("*.dcm"))
    head = strip_head(read_volume(Series.of(map(Instance.read, files)), Policy(), force=True), SMALL)
    series = next(one for one in cache.series if one.patient_id == "ID_b")
    gray, bits = series.planes(np.arange(len(series)))
    assert np.array_equal(bits >> INSIDE_BIT > 0, head.mask)
    assert np.array_equal(gray, np.clip(np.round(head.hu + OFFSET), 0, 255))
    assert np.array_equal(series.neighbors, head.neighbors)
    assert np.allclose(series.area_cm2, head.brain_area_cm2)
    assert series.labels[:, 0].sum() == series.image_labels[:, 0].sum() > 0
    assert len(series.images) == images
    assert np.array_equal(as_head(series).mask, head.mask)


def test_shards_know_how_large_heads_are_shown(rsna_set, tmp_path, monkeypatch):
    larger = replace(SMALL, shown_area_cm2=210.0)
    make_all(rsna_set, tmp_path, monkeypatch, larger)
    series = open_cache(tmp_path, larger).series[0]
    assert series.magnification != 1
    assert as_head(series).magnification == series.magnification
    assert (series.area_cm2 * series.magnification**2).max() == pytest.approx(210, rel=0.05)
    with pytest.raises(TriageError, match="shown_area_cm2=210"):
        open_cache(tmp_path, SMALL)


def test_shards_from_before_thickness_and_size_were_kept_read_as_usual(rsna_set, tmp_path, monkeypatch):
    make_all(rsna_set, tmp_path, monkeypatch)
    paths = ShardPaths.of(tmp_path, 0)
    pq.write_table(pq.read_table(paths.table).drop_columns(["slice_mm", "magnification"]), paths.table)
    series = open_cache(tmp_path).series[0]
    assert (series.slice_mm, series.magnification) == (5.0, 1.0)


def test_a_refused_series_is_a_table_and_keeps_its_images(rsna_set, tmp_path, monkeypatch):
    make_all(rsna_set, tmp_path, monkeypatch)
    lines = write_refusals(tmp_path).read_text().splitlines()
    assert len(lines) == 1 + rsna_set.table.num_rows // 3
    assert "does not show a head" in lines[1]
    refused = open_cache(tmp_path).series[2]
    assert (len(refused), set(refused.slice_of_image)) == (0, {-1})


def test_a_second_call_makes_only_what_is_missing_and_the_same(rsna_set, tmp_path, monkeypatch):
    make_all(rsna_set, tmp_path, monkeypatch)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("shard-*")}
    paths = ShardPaths.of(tmp_path, 0)
    written_at = paths.planes.stat().st_mtime_ns
    ShardPaths.of(tmp_path, 1).table.unlink()  # as if the work had ended between array and table
    assert len(make_all(rsna_set, tmp_path, monkeypatch)) == 3
    assert {path.name: path.read_bytes() for path in tmp_path.glob("shard-*")} == before
    assert paths.planes.stat().st_mtime_ns == written_at


SCRIPT = """
import sys
from pathlib import Path
from rsna_sets import SMALL
from triage_node.train.rsna.shards.sharding import Sharding
from triage_node.train.rsna.dataset.tables import read_index
if __name__ == "__main__":
    made = Sharding(read_index(Path(sys.argv[1])), Path(sys.argv[2]), SMALL, series_per_shard=1).make(1)
    for count in made:
        print("made", count, flush=True)
    print("complete", flush=True)
"""


def test_work_that_was_killed_goes_on_to_the_same_shards(rsna_set, tmp_path, monkeypatch):
    make_all(rsna_set, tmp_path / "whole", monkeypatch)
    (tmp_path / "work.py").write_text(SCRIPT)
    command = [sys.executable, tmp_path / "work.py", rsna_set.images.parent, tmp_path / "cut"]
    environment = {"PYTHONPATH": str(Path(rsna_sets.__file__).parent)}
    cut = Program(command, tmp_path / "cut.log", environment)
    cut.wait_for("made", 200)
    cut.kill()
    resumed = Program(command, tmp_path / "resumed.log", environment)
    resumed.wait_for("complete", 200)
    assert resumed.process.wait(60) == 0
    expected = {path.name: path.read_bytes() for path in (tmp_path / "whole").glob("shard-*.[np]*")}
    assert {path.name: path.read_bytes() for path in (tmp_path / "cut").glob("shard-*.[np]*")} == expected


def test_an_incomplete_cache_another_geometry_and_another_index_are_refused(rsna_set, tmp_path, monkeypatch):
    make_all(rsna_set, tmp_path, monkeypatch)
    other = replace(SMALL, mm_per_pixel=2.6)
    with pytest.raises(TriageError, match="made with another geometry"):
        make_all(rsna_set, tmp_path, monkeypatch, other)
    with pytest.raises(TriageError, match="were made with Geometry"):
        open_cache(tmp_path, other)
    table = rsna_set.table.slice(1)
    with pytest.raises(TriageError, match="made from another index"):
        make_all(replace(rsna_set, table=table, fingerprint=fingerprint(table)), tmp_path, monkeypatch)
    ShardPaths.of(tmp_path, 2).table.unlink()
    with pytest.raises(TriageError, match="not complete"):
        open_cache(tmp_path)
    with pytest.raises(TriageError, match="holds no shards"):
        open_cache(tmp_path / "nowhere")


def test_a_full_disk_is_one_sentence_and_leaves_complete_shards(rsna_set, tmp_path, monkeypatch):
    make_all(rsna_set, tmp_path, monkeypatch)
    ShardPaths.of(tmp_path, 1).table.unlink()

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", full)
        with pytest.raises(StorageFull, match="the disk is full"):
            make_all(rsna_set, tmp_path, patched)
    assert not list(tmp_path.glob(".*.part"))
    make_all(rsna_set, tmp_path, monkeypatch)
    assert len(open_cache(tmp_path).series) == 3


def test_a_file_that_is_gone_refuses_its_series_by_name(rsna_set, tmp_path):
    starts = series_starts(rsna_set.table)
    (series,) = series_between(rsna_set.table, starts, 0, 1)
    series.columns["source"][0] = "nowhere.dcm"
    made = make_shard(ShardJob(0, (series,), rsna_set.images, tmp_path, SMALL))
    assert made.refused == made.images > 0


def test_a_shard_that_cannot_be_read_is_named(tmp_path):
    paths = ShardPaths.of(tmp_path, 0)
    write_shard(paths, np.zeros((1, 1), np.uint8), pa.table({}))
    paths.table.write_bytes(b"no parquet")
    (tmp_path / "cache.json").write_text(
        '{"geometry": {"mm_per_pixel": 2.5, "rows": 96, "columns": 64, "max_slices": 64, "neighbor_mm": 5.0},'
        ' "shards": 1, "index": ""}'
    )
    with pytest.raises(TriageError, match=r"shard-00000\.parquet could not be read"):
        open_cache(tmp_path)
