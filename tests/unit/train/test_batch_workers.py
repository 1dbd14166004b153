import os
import signal
from functools import partial
from multiprocessing import active_children

import numpy as np
import pytest

from triage_node.errors import ModelError
from triage_node.findings import Label
from triage_node.models.preprocessing import Geometry
from triage_node.models.weights_file import read_weights
from triage_node.train.fitting.batch_workers import BatchWorkers, make_batch
from triage_node.train.fitting.batches import slice_pool
from triage_node.train.fitting.fit import fit
from triage_node.train.fitting.settings import LAST_FILE, FitSettings
from triage_node.train.shards import record_study, write_shard

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GEOMETRY = Geometry(mm_per_pixel=2.5, rows=96, columns=64)
# What is fitted matters less here than what on; blocks that stay as they are make the fit begin sooner.
SETTINGS = FitSettings(
    steps=4,
    batch=6,
    epoch=2,
    warm_up=1,
    imagenet=False,
    geometry=GEOMETRY,
    decoder_filters=16,
    seed=7,
    batch_workers=2,
    frozen_blocks=11,
)


@pytest.fixture
def shards(make_study, tmp_path):
    """A folder with a shard of two small studies."""
    folder = tmp_path / "shards"
    folder.mkdir()
    records = [record_study(make_study(3, Label.EPIDURAL), GEOMETRY, 3), record_study(make_study(1), GEOMETRY, 1)]
    write_shard(folder / "shard-00000000.npz", records, GEOMETRY)
    return folder


def same(made, wanted):
    (images, targets), (other_images, other_targets) = made, wanted
    return np.array_equal(images, other_images) and all(
        np.array_equal(targets[name], other_targets[name]) for name in ("map", "slice")
    )


def test_processes_make_the_batches_that_threads_make_and_each_once(shards):
    make_pool = partial(slice_pool, shards, SETTINGS)
    pool, wanted = make_pool(), [(epoch, index) for epoch in (3, 4, 5) for index in (0, 1)]
    with BatchWorkers(make_pool, shards, SETTINGS, epoch=3) as workers:
        made = [workers.batch(*place) for place in wanted]
        assert workers.batch(4, 1) is None
    assert all(same(batch, make_batch(pool, SETTINGS, *place)) for batch, place in zip(made, wanted, strict=True))
    assert not same(made[0], made[1])
    assert not active_children()


def test_shards_that_appear_are_taken_in_at_the_next_epoch(shards, make_study):
    make_pool = partial(slice_pool, shards, SETTINGS)
    with BatchWorkers(make_pool, shards, SETTINGS) as workers:
        workers.batch(0, 0)
        write_shard(shards / "shard-00000020.npz", [record_study(make_study(2), GEOMETRY, 20)], GEOMETRY)
        for number in range(1, 12):
            last = workers.batch(*divmod(number, SETTINGS.epoch))
    assert same(last, make_batch(make_pool(), SETTINGS, 5, 1)), "both shards are in the pool by then"


def test_a_pool_that_cannot_be_made_is_told_in_its_own_words(tmp_path):
    with (
        BatchWorkers(partial(slice_pool, tmp_path, SETTINGS), None, SETTINGS) as workers,
        pytest.raises(ModelError, match="holds no shards"),
    ):
        workers.batch(0, 0)


def test_a_process_that_is_killed_ends_the_fit_with_a_sentence(shards):
    with BatchWorkers(partial(slice_pool, shards, SETTINGS), shards, SETTINGS) as workers:
        for number in range(4):  # what they have ready by then is still to be taken
            workers.batch(*divmod(number, SETTINGS.epoch))
        for child in active_children():
            os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(ModelError, match="has ended"):
            for number in range(4, 16):
                workers.batch(*divmod(number, SETTINGS.epoch))


def test_a_fit_with_processes_ends_with_the_weights_of_one_without(shards, tmp_path):
    without = FitSettings(**{**vars(SETTINGS), "batch_workers": 0})
    fit(shards, tmp_path / "with", SETTINGS)
    fit(shards, tmp_path / "without", without)
    found, wanted = (read_weights(tmp_path / name / LAST_FILE) for name in ("with", "without"))
    assert all(np.allclose(found[name], wanted[name], atol=1e-5) for name in wanted)
    assert not active_children()
