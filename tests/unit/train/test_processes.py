"""One fit in two JAX processes on this machine ends with the weights of one process."""

import subprocess
import sys

import numpy as np
import pytest
from programs import free_port

from triage_node.errors import ModelError
from triage_node.findings import Label
from triage_node.models.preprocessing import Geometry
from triage_node.models.weights_file import read_weights, write_weights
from triage_node.train.fitting.settings import LAST_FILE
from triage_node.train.shards import record_study, write_shard

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

GEOMETRY = Geometry(mm_per_pixel=2.5, rows=96, columns=64)
SCRIPT = """
import sys
from pathlib import Path
shards, run, addresses, number = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
from triage_node.train.fitting.processes import Processes, join
if addresses:
    join(Processes(tuple(addresses.split(",")), number))
from triage_node.models.preprocessing import Geometry
from triage_node.train.fitting.fit import fit
from triage_node.train.fitting.settings import FitSettings
fit(shards, run, FitSettings(
    steps=2, epoch=2, batch=4, warm_up=1, learning_rate=1e-4, decoder_filters=16, frozen_blocks=11,
    start=shards / "start.npz", geometry=Geometry(mm_per_pixel=2.5, rows=96, columns=64), devices=0 if addresses else 1,
))
"""


@pytest.fixture
def shards(make_study, tmp_path):
    """A shard of two studies and weights to start from."""
    from triage_node.models.architecture import Architecture, build_network

    records = [record_study(make_study(3, Label.EPIDURAL), GEOMETRY, 3), record_study(make_study(1), GEOMETRY, 1)]
    write_shard(tmp_path / "shard-00000000.npz", records, GEOMETRY)
    write_weights(tmp_path / "start.npz", build_network(Architecture(96, 64, 4, 16)).variables)
    return tmp_path


def begin(shards, on_jax, name, addresses="", number=0):
    environment = {**on_jax, "XLA_FLAGS": ""}
    command = [sys.executable, "-c", SCRIPT, str(shards), str(shards / name), addresses, str(number)]
    with (shards / f"{name}-{number}.log").open("wb") as log:
        return subprocess.Popen(command, env=environment, cwd=shards, stdout=log, stderr=subprocess.STDOUT)


def test_two_processes_end_with_the_weights_of_one(shards, on_jax):
    addresses = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    # One after the other: where three compile at once, one of the two may wait longer for its partner than Gloo does.
    codes = [begin(shards, on_jax, "one").wait(700)]
    running = [begin(shards, on_jax, "two", addresses, number) for number in (0, 1)]
    codes += [process.wait(700) for process in running]
    assert codes == [0, 0, 0], "\n".join(path.read_text()[-2000:] for path in shards.glob("*.log"))
    one, two = (read_weights(shards / name / LAST_FILE) for name in ("one", "two"))
    assert one.keys() == two.keys()
    moved = read_weights(shards / "start.npz")
    assert any(np.abs(array - moved[name]).max() > 1e-5 for name, array in one.items())
    for name, array in one.items():
        assert np.abs(array - two[name]).max() <= 0.005 * max(1.0, np.abs(array).max()), name


def test_processes_need_jax_and_a_number_that_is_there():
    from triage_node.train.fitting.processes import Processes, join

    with pytest.raises(ModelError, match="There is no process 2"):
        Processes(("a:1", "b:1"), 2)
    with pytest.raises(ModelError, match="set KERAS_BACKEND=jax"):
        join(Processes(("a:1", "b:1"), 0))
