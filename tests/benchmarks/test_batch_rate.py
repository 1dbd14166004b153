"""How many slices a second are made ready for the network, augmented: by one thread and two, by one process and two."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from triage_node.train.fitting.batch_workers import AHEAD, BatchWorkers
from triage_node.train.fitting.batches import slice_pool
from triage_node.train.phantom.atlases import Atlases
from triage_node.train.recipe import read_recipe
from triage_node.train.shards import make_shard

STUDIES, BATCHES = 4, 40


@pytest.fixture(scope="module")
def recipe():
    """The package's own recipe."""
    return read_recipe()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, recipe):
    """A folder with one small shard."""
    folder = tmp_path_factory.mktemp("shards")
    make_shard(folder, range(STUDIES), recipe.geometry, Atlases.of())
    return folder


def say(workers, seconds, settings):
    rate, geometry = BATCHES * settings.batch / seconds, settings.geometry
    print(f"{workers}: {rate:.0f} slices/s of {geometry.rows} x {geometry.columns}, load {os.getloadavg()[0]:.1f}")
    assert rate > 50


@pytest.mark.benchmark
@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_make_batches_faster_than_a_cpu_can_train_on_them(recipe, folder, threads):
    settings = recipe.trunk_settings()
    pool = slice_pool(folder, settings)
    pool.batch(settings.batch, np.random.default_rng(0))
    with ThreadPoolExecutor(threads) as executor:
        start = time.perf_counter()
        list(executor.map(lambda seed: pool.batch(settings.batch, np.random.default_rng(seed)), range(BATCHES)))
        say(f"{threads} thread(s)", time.perf_counter() - start, settings)


@pytest.mark.benchmark
@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_processes_make_batches_to_keep_a_gpu_busy(recipe, folder, processes):
    settings = replace(recipe.trunk_settings(), batch_workers=processes)
    ready = (AHEAD + 1) * processes
    with BatchWorkers(partial(slice_pool, folder, settings), folder, settings) as workers:
        for number in range(ready):
            workers.batch(*divmod(number, settings.epoch))
        start = time.perf_counter()
        for number in range(ready, ready + BATCHES):
            workers.batch(*divmod(number, settings.epoch))
        say(f"{processes} process(es)", time.perf_counter() - start, settings)
