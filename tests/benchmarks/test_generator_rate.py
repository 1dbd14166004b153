"""How many in-silico studies two processes generate in a second."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest

from triage_node.train.phantom.atlases import Atlases
from triage_node.train.phantom.study import generate_study, random_recipe

SLICES, SIZE, MM_PER_PIXEL, SLICE_MM = 24, 192, 1.2, 5.0
STUDIES, PROCESSES = 16, 2
STUDIES_PER_SECOND = 3.0


def measure(first_seed: int) -> tuple[float, float, float]:
    """Return start and end by the wall clock, and the seconds of processor time, of a process after its first study."""
    import cv2

    cv2.setNumThreads(1)
    atlases = Atlases.of()
    for seed in range(first_seed, first_seed + STUDIES + 1):
        if seed == first_seed + 1:
            start, used = time.time(), time.process_time()
        rng = np.random.default_rng(seed)
        atlas = atlases.draw(rng)
        recipe = replace(random_recipe(rng), size=SIZE, mm_per_pixel=MM_PER_PIXEL, slice_mm=SLICE_MM)
        recipe = replace(recipe, highest_mm=recipe.lowest_mm + SLICES * SLICE_MM + 0.01)
        assert generate_study(atlas, recipe, rng).volume.hu.shape == (SLICES, SIZE, SIZE)
    return start, time.time(), time.process_time() - used


def measure_all() -> tuple[float, float]:
    """Return studies a second of some processes together, and seconds of processor time a study."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        starts, ends, used = zip(*pool.map(measure, (0, 1000)), strict=True)
    return PROCESSES * STUDIES / (max(ends) - min(starts)), sum(used) / PROCESSES / STUDIES


@pytest.mark.benchmark
@pytest.mark.slow
def test_two_processes_generate_studies():
    # The processes of a pool find this file by its path when it is the program, not when pytest has imported it.
    answer = subprocess.run([sys.executable, "-P", __file__], capture_output=True, text=True, check=True)
    rate, used = json.loads(answer.stdout)
    print(
        f"{rate:.2f} studies/s of {SLICES} x {SIZE} x {SIZE} in {PROCESSES} processes, bar {STUDIES_PER_SECOND:.0f}/s;"
    )
    print(f"{used:.2f} s of processor time a study, load {os.getloadavg()[0]:.1f}")
    assert rate > 0.2


if __name__ == "__main__":
    print(json.dumps(measure_all()))
