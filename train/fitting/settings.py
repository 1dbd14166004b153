"""How to fit, readable without loading Keras."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from triage_node.errors import ModelError
from triage_node.models import Geometry, Window

WEIGHTS_FILE = "average.npz"
LAST_FILE = "last.npz"
# Levels relative to the brain's median of about 32 HU: the brain window of slice and neighbors, and a wider one.
WINDOWS = (Window(8, 80, neighbors=True), Window(48, 200))
Schedule = Literal["cosine", "constant"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


@dataclass(frozen=True)
class FitSettings:
    """How to fit.

    Attributes
    ----------
    steps, batch
        Steps of how many slices.
    learning_rate, weight_decay
        Peak of the schedule, and AdamW's decay.
    warm_up
        Steps over which the learning rate rises.
    schedule
        What the learning rate does after the warm-up: fall as a cosine, or stay for runs to branch off from.
    average_decay
        Share of the old average at every step, see `triage_node.train.fitting.averaging`.
    epoch
        Steps between checkpoints; `steps` is a multiple of it.
    seed
        Decides the order of slices and their augmentation.
    imagenet
        Start the encoder from ImageNet.
    start
        Weights file to start from instead.
    frozen_blocks
        First blocks of the encoder, and the stem with them, that stay as they are, statistics too; 0 fits all. What
        they cost backward is saved, and a later stage can be mended without losing an earlier one.
    geometry, windows, decoder_filters
        Input and size of the network.
    workers
        Threads that make batches.
    batch_workers
        Processes that make batches instead, each with all the shards in its memory, to keep a GPU busy.
    precision
        What the network computes in; its weights are float32 always. Mixed precision is for GPUs: a CPU without
        bfloat16 units takes twice as long with it.
    devices
        How many devices share every batch, 0 for all there are.
    """

    steps: int = 3000
    batch: int = 24
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warm_up: int = 100
    schedule: Schedule = "cosine"
    average_decay: float = 0.998
    epoch: int = 100
    seed: int = 0
    imagenet: bool = True
    start: Path | None = None
    frozen_blocks: int = 0
    geometry: Geometry = field(default_factory=Geometry)
    windows: tuple[Window, ...] = WINDOWS
    decoder_filters: int = 48
    workers: int = 1
    batch_workers: int = 0
    precision: Precision = "float32"
    devices: int = 1

    def __post_init__(self) -> None:
        if self.steps % self.epoch:
            raise ModelError(f"{self.steps} steps cannot be cut into epochs of {self.epoch}.")
        if self.schedule not in get_args(Schedule):
            raise ModelError(f"The schedule {self.schedule!r} is not one of {', '.join(get_args(Schedule))}.")

    @property
    def epochs(self) -> int:
        """Return how many checkpoints a whole run writes."""
        return self.steps // self.epoch


def whole_epochs(steps: int, longest: int) -> dict[str, int]:
    """Return ``steps`` and ``epoch``: as few epochs as can be of at most `longest` steps, and all alike.

    The steps become a few more where they cannot be dealt out evenly.
    """
    count = -(-steps // longest)
    epoch = -(-steps // count)
    return {"steps": count * epoch, "epoch": epoch}


def warm_up_for(steps: int, usual: int) -> int:
    """Return the steps of a warm-up: the usual ones, a tenth of a fit at most, which would else never leave it."""
    return min(usual, steps // 10)
