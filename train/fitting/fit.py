"""Fit the network on shards of generated studies."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.errors import ModelError
from triage_node.models import (
    LESION_MAP_LITE0,
    Architecture,
    assign_weights,
    build_network,
    channel_count,
    keras,
    read_weights,
)
from triage_node.train.fitting.applications import load_applications_imagenet
from triage_node.train.fitting.averaging import WeightAverage
from triage_node.train.fitting.batch_workers import BatchWorkers, Pool, make_batch
from triage_node.train.fitting.batches import slice_pool
from triage_node.train.fitting.checkpoint import CHECKPOINT_FILE, Checkpoint, restore_checkpoint
from triage_node.train.fitting.compiling import compile_network
from triage_node.train.fitting.dead_channels import ActiveShare
from triage_node.train.fitting.devices import device_scope, share_statistics
from triage_node.train.fitting.imagenet import load_imagenet
from triage_node.train.fitting.processes import is_first, own_rows, place
from triage_node.train.fitting.schedule import learning_rate_schedule
from triage_node.train.fitting.settings import WEIGHTS_FILE, FitSettings
from triage_node.train.provenance import write_settings

# Share of the peak learning rate at the end.
LAST_SHARE = {"cosine": 0.01, "constant": 1.0}


class SliceBatches(keras.utils.PyDataset):
    """Batches of one epoch; batch k of epoch e is the same in every run with the same seed and shards."""

    def __init__(
        self,
        pool: Pool,
        settings: FitSettings,
        shards: Path | None = None,
        epoch: int = 0,
        batch_workers: BatchWorkers | None = None,
    ) -> None:
        super().__init__(workers=1 if batch_workers else settings.workers, use_multiprocessing=False, max_queue_size=8)
        self.pool, self.settings, self.shards = pool, settings, shards
        self.epoch, self.batch_workers = epoch, batch_workers

    def __len__(self) -> int:
        return self.settings.epoch

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        # TensorFlow looks at the first batch before it begins, so that one is made here a second time.
        made = self.batch_workers.batch(self.epoch, index) if self.batch_workers else None
        return own_rows(made or make_batch(self.pool, self.settings, self.epoch, index))

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's batches, and take in shards that have appeared meanwhile."""
        self.epoch += 1
        if self.shards is not None and self.batch_workers is None:
            self.pool.add_folder(self.shards)


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Build layers with a policy of precision, and leave that of the process as it was."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def start_network(settings: FitSettings) -> keras.Model:
    """Return the network with its starting weights."""
    keras.utils.set_random_seed(settings.seed)
    geometry = settings.geometry
    channels = channel_count(settings.windows)
    name = settings.architecture
    shape = Architecture(geometry.rows, geometry.columns, channels, settings.decoder_filters, name)
    with precision(settings.precision):
        network = build_network(shape)
    if settings.start is not None:
        assign_weights(network.weights, read_weights(settings.start))
    elif settings.imagenet and name == LESION_MAP_LITE0:
        load_imagenet(network)
    elif settings.imagenet:
        load_applications_imagenet(network, name, settings.imagenet_weights)
    return network


def freeze_blocks(network: keras.Model, count: int) -> None:
    """Keep the encoder's stem and its first blocks as they are; 0 keeps nothing."""
    frozen = ("stem", *(f"block{index}_" for index in range(count))) if count else ()
    for layer in network.layers:
        if layer.name.startswith(frozen):
            layer.trainable = False


def make_optimizer(settings: FitSettings) -> keras.optimizers.Optimizer:
    """Return AdamW with its schedule."""
    last_share = LAST_SHARE[settings.schedule]
    count = settings.accumulate
    steps, warm_up = max(settings.steps // count, 1), settings.warm_up // count
    schedule = learning_rate_schedule(settings.learning_rate, steps, warm_up, last_share)
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=settings.weight_decay,
        global_clipnorm=5.0,
        gradient_accumulation_steps=count if count > 1 else None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def fit(shards: Path, folder: Path, settings: FitSettings, callbacks: tuple[keras.callbacks.Callback, ...] = ()) -> Any:
    """Fit a network and return Keras' history; last and averaged weights lie in the folder afterwards.

    A run that was cut off goes on from its last complete epoch when called again with the same folder; one that is
    complete is left as it is.

    Parameters
    ----------
    shards
        Folder of shards; those that appear during the run are used from the next epoch on.
    folder
        Receives the checkpoint and the weights files.

    Raises
    ------
    ModelError
        When the folder holds no shards, or the checkpoint of another network.
    """
    make_pool = partial(slice_pool, shards, settings)
    return fit_pool(make_pool(), folder, settings, callbacks, shards=shards, make_pool=make_pool)


def fit_pool(
    pool: Pool,
    folder: Path,
    settings: FitSettings,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
    shards: Path | None = None,
    validation: keras.utils.PyDataset | None = None,
    make_pool: Callable[[], Pool] | None = None,
    judges: Callable[[WeightAverage], Sequence[keras.callbacks.Callback]] | None = None,
) -> Any:
    """Fit a network on a pool of slices, as `fit` does.

    Parameters
    ----------
    shards
        Folder that the pool takes more shards from as they appear.
    validation
        Batches that are scored after every epoch.
    make_pool
        Makes the pool once more in each of `settings.batch_workers` processes; without it, threads of this one make the
        batches.
    judges
        Callbacks that read the average; they run before the checkpoint is written, so that none is left out by a stop.
    """
    _check_processes(settings, folder)
    folder.mkdir(parents=True, exist_ok=True)
    if is_first():
        write_settings(folder, settings)
    with device_scope(settings.devices):
        network = start_network(settings)
        freeze_blocks(network, settings.frozen_blocks)
        if settings.devices != 1:
            share_statistics(network)
        compile_network(network, make_optimizer(settings))
        average = WeightAverage(folder / WEIGHTS_FILE, settings.average_decay)
        done = restore_checkpoint(folder, network, average)
        is_alone = settings.devices == 1 and place()[1] == 1
        has_cut_channels = settings.architecture == LESION_MAP_LITE0
        counting = (ActiveShare(_first_images(pool, settings)),) if is_alone and has_cut_channels else ()
        judging = judges(average) if judges else ()
        writers = (*counting, average, *judging, Checkpoint(folder, average), *callbacks)
        with _batch_workers(make_pool, shards, settings, done) as workers:
            return network.fit(
                SliceBatches(pool, settings, shards, done, workers),
                epochs=settings.epochs,
                initial_epoch=done,
                validation_data=validation,
                verbose=0,
                shuffle=False,  # the pool draws at random already, and Keras' own order would be another after a resume
                callbacks=list(writers if is_first() else ()),
            )


def _batch_workers(
    make_pool: Callable[[], Pool] | None, shards: Path | None, settings: FitSettings, epoch: int
) -> AbstractContextManager[BatchWorkers | None]:
    if make_pool is None or not settings.batch_workers:
        return nullcontext()
    return BatchWorkers(make_pool, shards, settings, epoch)


def _first_images(pool: Pool, settings: FitSettings) -> np.ndarray:
    return pool.batch(settings.batch, np.random.default_rng([settings.seed, 1]))[0]


def _check_processes(settings: FitSettings, folder: Path) -> None:
    """Refuse what several processes cannot share."""
    count = place()[1]
    if count > 1 and settings.batch % count:
        raise ModelError(f"Batches of {settings.batch} slices cannot be shared by {count} processes.")
    if count > 1 and settings.start is None and not (folder / CHECKPOINT_FILE).exists():
        raise ModelError(
            "A fit in several processes goes on from weights: give --start, such as last.npz of a short fit."
        )
