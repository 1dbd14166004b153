"""Fine-tune the weights of a model, again and again from the same start."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.models import Manifest, Model, assign_weights, keras, read_weights, restore_network
from triage_node.train.fitting.averaging import WeightAverage
from triage_node.train.fitting.batches import SlicePool
from triage_node.train.fitting.compiling import compile_network
from triage_node.train.fitting.schedule import learning_rate_schedule
from triage_node.train.site.batches import MixedBatches, SitePool

# Share of the peak learning rate at the end.
LAST_SHARE = 0.02


@dataclass(frozen=True)
class TuningSettings:
    """How to fine-tune.

    Attributes
    ----------
    steps, batch
        Steps of how many slices, half of them of the site.
    learning_rate, warm_up
        Peak of the cosine schedule, and the steps over which it rises.
    average
        Share of the old weights in their moving average.
    """

    steps: int = 150
    batch: int = 16
    learning_rate: float = 2e-4
    warm_up: int = 20
    average: float = 0.97


class Tuner:
    """A compiled network that starts every fit from the weights of a model.

    Batch normalization stays as it is: statistics of a few dozen patients would be worse than those of thousands of
    generated heads.

    Parameters
    ----------
    manifest
        The model to start from.
    generated
        Slices of generated studies, against forgetting.
    """

    def __init__(self, manifest: Manifest, generated: SlicePool, settings: TuningSettings) -> None:
        self.generated, self.settings = generated, settings
        self._start = read_weights(manifest.weights_path)
        self._network = restore_network(manifest)
        for layer in self._network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        schedule = learning_rate_schedule(settings.learning_rate, settings.steps, settings.warm_up, LAST_SHARE)
        compile_network(self._network, keras.optimizers.Adam(schedule, global_clipnorm=5.0))

    def fit(self, site: SitePool, seed: int, path: Path, advance: Callable[[], None]) -> Path:
        """Fine-tune on a site's slices and write the averaged weights.

        Parameters
        ----------
        path
            Weights file; appears only when the fit is complete.
        advance
            Called after every step.
        """
        self._restart(seed)
        batches = MixedBatches(site, self.generated, self.settings.steps, self.settings.batch, seed)
        average = WeightAverage(path, self.settings.average)
        self._network.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[average, _Steps(advance)])
        return path

    def _restart(self, seed: int) -> None:
        """Take the starting weights and an optimizer that remembers nothing."""
        keras.utils.set_random_seed(seed)
        assign_weights(self._network.weights, self._start)
        for variable in self._network.optimizer.variables:
            if variable.path.rpartition("/")[2] != "learning_rate":
                variable.assign(np.zeros(variable.shape, variable.dtype))


class _Steps(keras.callbacks.Callback):
    """Say that a step is done."""

    def __init__(self, advance: Callable[[], None]) -> None:
        super().__init__()
        self._advance = advance

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Advance."""
        self._advance()


def model_with(manifest: Manifest, weights: Path) -> Model:
    """Return the model of a manifest with other weights; it cannot say what is familiar to them."""
    return Model(replace(manifest, folder=weights.parent, weights_file=weights.name, features_sha256=None))
