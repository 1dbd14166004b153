"""The model: whether it is there, and whether it runs on the GPU that the machine has."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from triage_node.checks.result import Result, ok, tried, warning
from triage_node.config import Settings
from triage_node.models import read_manifest

DEVICES = Path("/dev")
LOAD_SECONDS = 120
SHOW_DEVICE = "from triage_node.models import prepare_device; print(prepare_device())"


def check_model(settings: Settings, devices: Path = DEVICES) -> Iterator[Result]:
    """Read the model's description; where the machine has a GPU, ask whether TensorFlow finds it.

    Parameters
    ----------
    devices
        Where the machine's devices are.
    """
    yield tried("model", lambda: _described(settings.model))
    gpus = sorted(path.name for path in devices.glob("nvidia[0-9]*"))
    if gpus:
        yield _accelerated(gpus)


def _described(name: str) -> str:
    manifest = read_manifest(name)
    return f"{manifest.name} {manifest.version}"


def _accelerated(gpus: list[str]) -> Result:
    """Load TensorFlow in a process of its own: it takes a GPU's memory and prints what it likes."""
    command = [sys.executable, "-P", "-c", SHOW_DEVICE]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_SECONDS, check=False)
    device = ended.stdout.strip().rpartition("\n")[2]
    if device.startswith("GPU"):
        return ok("GPU", f"the model runs on it, {device}")
    return warning(
        "GPU",
        f"The machine has {len(gpus)} ({', '.join(gpus)}) and TensorFlow finds none, so the model runs on the CPU: "
        "install `triage-node[gpu]`, which brings CUDA, and look whether `nvidia-smi` answers.",
    )
