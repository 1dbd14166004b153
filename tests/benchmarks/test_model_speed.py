"""How long the model takes for the usual series, how much of it is the network, and how much memory it holds.

`KERAS_BACKEND=jax python tests/benchmarks/test_model_speed.py` prints the same for another backend, and on a GPU.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from triage_node.imaging.volume import Volume

SUPPORT = Path(__file__).parents[1] / "support"
SLICES, SIZE, ROUNDS = 32, 512, 5
LONGEST_SECONDS, LONGEST_NETWORK_SECONDS, LARGEST_RESIDENT_GB = 1.0, 0.4, 1.2


def fastest(work: Callable[[], object]) -> float:
    """Return the seconds of the fastest of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def measure() -> dict[str, object]:
    """Return what this process takes for a study, and what it answers."""
    from ct_phantom import head_hu

    from triage_node.models import load_model
    from triage_node.models.preprocessing import strip_head

    hu = head_hu(SLICES, (SIZE, SIZE), 5.0, "epidural", 1)
    volume = Volume(hu, (5.0, 240 / SIZE, 240 / SIZE), 5.0 * np.arange(SLICES))
    model = load_model()
    model.warm_up()
    inputs = strip_head(volume, model.manifest.geometry)
    found = {
        "device": model.device,
        "seconds": fastest(lambda: model.predict(volume)),
        "network_seconds": fastest(lambda: model.encode(inputs)),
        "resident_gb": psutil.Process(os.getpid()).memory_info().rss / 1e9,
    }
    return {**found, "probabilities": model.predict(volume).probabilities}


@pytest.mark.benchmark
@pytest.mark.slow
def test_a_usual_series_takes_less_than_a_second():
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}
    command = [sys.executable, "-P", __file__]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = json.loads(answer.stdout.splitlines()[-1])
    print(
        f"{SLICES} slices of {SIZE} x {SIZE} on {found['device']}: {found['seconds']:.2f} s, of which the network "
        f"{found['network_seconds']:.2f} s; {found['resident_gb']:.2f} GB resident; load {os.getloadavg()[0]:.1f}"
    )
    if os.getloadavg()[0] < (os.cpu_count() or 1):
        assert found["seconds"] < LONGEST_SECONDS
        assert found["network_seconds"] < LONGEST_NETWORK_SECONDS
    assert found["resident_gb"] < LARGEST_RESIDENT_GB


if __name__ == "__main__":
    print(json.dumps(measure()))
