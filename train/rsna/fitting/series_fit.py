"""Fit a series model on what a network makes of single slices."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from triage_node.errors import TriageError
from triage_node.models import SeriesShape, build_series_network, keras, write_weights
from triage_node.train.fitting.losses import weighted_log_loss
from triage_node.train.rsna.fitting.encoding import EncodedSeries, SeriesTables


@dataclass(frozen=True)
class SeriesFit:
    """How to fit.

    Attributes
    ----------
    epochs, patience
        At most so many, and so many without a lower loss on the validation fold.
    batch
        Series a step.
    shape
        What kind of network.
    """

    epochs: int = 100
    patience: int = 10
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    seed: int = 0
    shape: SeriesShape = field(default_factory=SeriesShape)


@dataclass(frozen=True)
class SeriesGain:
    """Weighted log loss of the slices of the validation fold, without and with the series model.

    Attributes
    ----------
    epochs
        After how many epochs the loss was lowest.
    """

    without: float
    with_series: float
    epochs: int = 0

    @property
    def helps(self) -> bool:
        """Tell whether the series model is worth having."""
        return self.with_series < self.without


def _loss(network: keras.Model, tables: SeriesTables) -> float:
    """Return the mean weighted log loss of the slices whose truth is known."""
    found = keras.ops.convert_to_numpy(network.predict(tables.inputs, verbose=0)["slice"])
    losses = keras.ops.convert_to_numpy(weighted_log_loss(tables.targets, found))
    return float(np.sum(losses * tables.weights) / np.sum(tables.weights))


def fit_series(
    fitting: list[EncodedSeries], validation: list[EncodedSeries], slices: int, settings: SeriesFit, path: Path
) -> SeriesGain:
    """Write the weights that are best on the validation fold and return what they gain.

    The network starts out by changing nothing, so the first loss is that of single slices.

    Raises
    ------
    TriageError
        When no slice of one of the two groups is labeled.
    """
    for name, group in (("fitting", fitting), ("validation", validation)):
        if not any(one.known.any() for one in group):
            raise TriageError(f"No slice of the {name} folds is labeled: a series model cannot be fitted.")
    keras.utils.set_random_seed(settings.seed)
    fit_on, held_out = SeriesTables.of(fitting, slices), SeriesTables.of(validation, slices)
    network = _compiled(slices, fitting[0].features.shape[1], settings)
    without = _loss(network, held_out)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=settings.patience, restore_best_weights=True)
    network.fit(
        fit_on.inputs,
        {"slice": fit_on.targets},
        sample_weight={"slice": fit_on.weights},
        validation_data=(
            held_out.inputs,
            {"slice": held_out.targets},
            {"slice": held_out.weights},
        ),
        batch_size=settings.batch,
        epochs=settings.epochs,
        callbacks=[stop],
        verbose=0,
    )
    write_weights(path, network.weights)
    return SeriesGain(without, _loss(network, held_out), stop.best_epoch + 1)


def fit_series_on_all(series: list[EncodedSeries], slices: int, settings: SeriesFit, path: Path) -> None:
    """Write the weights that so many epochs on all series end with: there is none left to say when to stop."""
    keras.utils.set_random_seed(settings.seed)
    tables = SeriesTables.of(series, slices)
    network = _compiled(slices, series[0].features.shape[1], settings)
    weights = {"slice": tables.weights}
    network.fit(tables.inputs, {"slice": tables.targets}, settings.batch, settings.epochs, 0, sample_weight=weights)
    write_weights(path, network.weights)


def _compiled(slices: int, features: int, settings: SeriesFit) -> keras.Model:
    network = build_series_network(slices, features, settings.shape)
    optimizer = keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay, global_clipnorm=1.0)
    network.compile(optimizer, loss={"slice": weighted_log_loss}, jit_compile=False)
    return network
