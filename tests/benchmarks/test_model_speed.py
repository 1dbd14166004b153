"""How long the model takes for the usual series, and how much memory its process holds."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from ct_phantom import head_hu

from triage_node.imaging.volume import Volume

SUPPORT = Path(__file__).parents[1] / "support"
SLICES, SIZE = 32, 512
LONGEST_SECONDS, LARGEST_RESIDENT_GB = 1.0, 1.2


def measure() -> tuple[float, float]:
    """Return the seconds of the fastest of three predictions and the resident gigabytes of this process."""
    from triage_node.models import load_model

    hu = head_hu(SLICES, (SIZE, SIZE), 5.0, "epidural", 1)
    volume = Volume(hu, (5.0, 240 / SIZE, 240 / SIZE), 5.0 * np.arange(SLICES))
    model = load_model()
    model.warm_up()
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        model.predict(volume)
        taken.append(time.perf_counter() - start)
    return min(taken), psutil.Process(os.getpid()).memory_info().rss / 1e9


@pytest.mark.benchmark
@pytest.mark.slow
def test_a_usual_series_takes_less_than_a_second():
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}
    command = [sys.executable, "-P", __file__]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds, gigabytes = (float(part) for part in found.stdout.split()[-2:])
    print(f"{SLICES} slices of {SIZE} x {SIZE}: {seconds:.2f} s, {gigabytes:.2f} GB resident")
    if os.getloadavg()[0] < (os.cpu_count() or 1):
        assert seconds < LONGEST_SECONDS
    assert gigabytes < LARGEST_RESIDENT_GB


if __name__ == "__main__":
    print(*measure())
