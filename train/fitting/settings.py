"""How to fit, readable without loading Keras."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from triage_node.errors import ModelError
from triage_node.models import LESION_MAP_LITE0, Geometry, Window
from triage_node.train.fitting.augmentation import Augmentation

WEIGHTS_FILE = "average.npz"
BEST_FILE = "best.npz"
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
    imagenet_weights
        File with the ImageNet weights of an encoder other than Lite0; None where Keras has them, or can fetch them.
    start
        Weights file to start from instead.
    frozen_blocks
        First blocks of the encoder, and the stem with them, that stay as they are, statistics too; 0 fits all. What
        they cost backward is saved, and a later stage can be mended without losing an earlier one.
    architecture, geometry, windows, decoder_filters
        The network, its input and its size.
    workers
        Threads that make batches.
    accumulate
        Batches whose gradients make one step of the optimizer, for batches larger than a GPU's memory takes.
    label_smoothing
        How far the targets of slices are moved toward one half.
    augmentation
        How far slices may be changed.
    keep_best
        Keep the averaged weights of the epoch with the lowest loss on the validation fold, not those of the last one.
    patience
        Epochs without a lower loss after which a fit stops; 0 lets it end.
    validation_slices
        Slices of the validation fold that are scored after every epoch, at most.
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
    imagenet_weights: Path | None = None
    start: Path | None = None
    frozen_blocks: int = 0
    architecture: str = LESION_MAP_LITE0
    geometry: Geometry = field(default_factory=Geometry)
    windows: tuple[Window, ...] = WINDOWS
    decoder_filters: int = 48
    accumulate: int = 1
    label_smoothing: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    keep_best: bool = False
    patience: int = 0
    validation_slices: int = 512
    workers: int = 1
    batch_workers: int = 0
    precision: Precision = "float32"
    devices: int = 1

    def __post_init__(self) -> None:
        if self.steps % self.epoch:
            raise ModelError(f"{self.steps} steps cannot be cut into epochs of {self.epoch}.")
        if self.schedule not in get_args(Schedule):
            raise ModelError(f"The schedule {self.schedule!r} is not one of {', '.join(get_args(Schedule))}.")
        if not 0 <= self.label_smoothing < 1:
            raise ModelError(f"A label smoothing of {self.label_smoothing:g} is not one from 0 to below 1.")
        if self.accumulate < 1:
            raise ModelError(f"Gradients of {self.accumulate} batches cannot make a step.")
        if self.frozen_blocks and self.architecture != LESION_MAP_LITE0:
            raise ModelError(f"Blocks can be frozen of {LESION_MAP_LITE0} only, not of {self.architecture}.")

    @property
    def chosen_file(self) -> str:
        """Return the name of the weights file that a run is exported from."""
        return BEST_FILE if self.keep_best else WEIGHTS_FILE

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
