"""How many augmented slices of 256 x 256 a second the fit on the RSNA set is fed with, a core and by processes.

A GPU that takes 2,000 slices/s is fed by 16 processes of 125 slices/s each; here is asked for twice that.
"""

import os
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from rsna_sets import labeled_pool

from triage_node.models import Geometry
from triage_node.train.fitting.batch_workers import AHEAD, BatchWorkers
from triage_node.train.recipe import read_recipe

FRAME = Geometry(mm_per_pixel=0.8, rows=256, columns=256)
BATCH, BATCHES = 32, 20
SLICES_A_CORE = 250


def test_a_core_makes_slices():
    pool = labeled_pool(FRAME)
    pool.batch(BATCH, np.random.default_rng(0))
    start = time.process_time()
    for number in range(BATCHES):
        pool.batch(BATCH, np.random.default_rng(number))
    rate = BATCHES * BATCH / (time.process_time() - start)
    load = os.getloadavg()[0]
    print(f"\n{rate:.0f} slices of 256 x 256 a second of a core, bar {SLICES_A_CORE}; load {load:.1f}")
    assert rate > 50


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("processes", [1, 2])
def test_processes_make_slices(processes):
    settings = replace(read_recipe().trunk_settings(), geometry=FRAME, batch=BATCH, batch_workers=processes)
    ready = (AHEAD + 1) * processes
    with BatchWorkers(partial(labeled_pool, FRAME), None, settings) as workers:
        for number in range(ready):
            workers.batch(*divmod(number, settings.epoch))
        start, used = time.perf_counter(), time.process_time()
        for number in range(ready, ready + BATCHES):
            workers.batch(*divmod(number, settings.epoch))
        seconds, used = time.perf_counter() - start, time.process_time() - used
    count, load = BATCHES * BATCH, os.getloadavg()[0]
    print(
        f"\n{processes} process(es): {count / seconds:.0f} slices/s of 256 x 256; the fit itself spends "
        f"{used / count * 1e3:.2f} ms a slice on taking them; load {load:.1f}"
    )
    assert count / seconds > 20
