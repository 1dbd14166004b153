"""How to fit, readable without loading Keras."""

from dataclasses import dataclass, field
from pathlib import Path

from triage_node.models.preprocessing import Geometry
from triage_node.models.windows import Window

WEIGHTS_FILE = "average.npz"
# Levels relative to the brain's median of about 32 HU: the brain window of slice and neighbors, and a wider one.
WINDOWS = (Window(8, 80, neighbors=True), Window(48, 200))


@dataclass(frozen=True)
class FitSettings:
    """How to fit.

    Attributes
    ----------
    steps, batch
        Steps of how many slices.
    learning_rate, weight_decay
        Peak of the cosine schedule, and AdamW's decay.
    warm_up
        Steps over which the learning rate rises.
    epoch
        Steps between checkpoints.
    seed
        Decides the order of slices and their augmentation.
    imagenet
        Start the encoder from ImageNet.
    start
        Weights file to start from instead.
    geometry, windows, decoder_filters
        Input and size of the network.
    """

    steps: int = 3000
    batch: int = 24
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warm_up: int = 100
    epoch: int = 100
    seed: int = 0
    imagenet: bool = True
    start: Path | None = None
    geometry: Geometry = field(default_factory=Geometry)
    windows: tuple[Window, ...] = WINDOWS
    decoder_filters: int = 48
