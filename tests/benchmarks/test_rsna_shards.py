"""How many images of 512 x 512 a second become slices for the network, by one process, and what the whole set takes."""

import os
import resource
import time
from dataclasses import replace

import numpy as np
import pytest
from rsna_sets import write_set

from triage_node.train.phantom.dicom_series import generate_demo
from triage_node.train.recipe import read_recipe
from triage_node.train.rsna.images import open_images
from triage_node.train.rsna.indexed import series_between, series_starts
from triage_node.train.rsna.planes import bytes_per_plane
from triage_node.train.rsna.reading import read_series

WHOLE_SET = 752_803
ROUNDS = 4


@pytest.mark.benchmark
@pytest.mark.slow
def test_shards_are_made_at_the_rate_that_is_printed(tmp_path):
    volume = generate_demo(3, size=512).volume
    volume = replace(volume, positions_mm=np.asarray(volume.positions_mm, np.float64))
    index = write_set(tmp_path, {"ID_a": (volume, np.zeros((len(volume.hu), 6), np.uint8))})
    images, geometry = open_images(index.images), read_recipe().geometry
    (series,) = series_between(index.table, series_starts(index.table), 0, 1)
    read_series(series, images, geometry, 0)
    start, used = time.perf_counter(), time.process_time()
    made = sum(len(read_series(series, images, geometry, 0)[0]) for _ in range(ROUNDS))
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    assert made == ROUNDS * len(series)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{made / seconds:.0f} images/s, {1000 * processor / made:.1f} ms of processor time an image, "
        f"{memory_mb:.0f} MB resident, load {os.getloadavg()[0]:.1f}; {WHOLE_SET:,} images on two cores: "
        f"{WHOLE_SET * processor / made / 2 / 3600:.1f} h, {WHOLE_SET * bytes_per_plane(geometry) / 1e9:.0f} GB"
    )
