"""How many slices a second are made ready for the network, augmented, by one thread and by two."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.batches import SlicePool
from triage_node.train.phantom.atlas import load_atlas
from triage_node.train.recipe import read_recipe
from triage_node.train.shards import generate_records

STUDIES, BATCHES = 4, 40


@pytest.mark.benchmark
@pytest.mark.slow
def test_batches_are_made_faster_than_a_cpu_can_train_on_them():
    recipe = read_recipe()
    geometry, size = recipe.geometry, recipe.trunk.batch
    pool = SlicePool(list(generate_records(load_atlas(), range(STUDIES), geometry)), recipe.windows, Augmentation())

    def make(seed: int) -> None:
        images, _ = pool.batch(size, np.random.default_rng(seed))
        assert images.shape[:3] == (size, geometry.rows, geometry.columns)

    make(0)
    for threads in (1, 2):
        with ThreadPoolExecutor(threads) as executor:
            start, used = time.perf_counter(), time.process_time()
            list(executor.map(make, range(BATCHES)))
            seconds, processor = time.perf_counter() - start, time.process_time() - used
        slices = BATCHES * size
        print(
            f"{threads} thread(s): {slices / seconds:.0f} slices/s of {geometry.rows} x {geometry.columns}, "
            f"{1000 * processor / slices:.1f} ms of processor time a slice, load {os.getloadavg()[0]:.1f}"
        )
        assert slices / seconds > 50
