"""How steady a model's answers are, and where it looks in heads without hemorrhage."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from triage_node.errors import TriageError
from triage_node.imaging import Volume
from triage_node.models import Geometry, Model, strip_head
from triage_node.train.evaluation.densities import brightest
from triage_node.train.evaluation.peaks import peak_region
from triage_node.train.evaluation.regions import Region
from triage_node.train.evaluation.stability import Head, ask_again
from triage_node.train.phantom.atlases import Atlases
from triage_node.train.phantom.study import generate_study, random_recipe
from triage_node.train.shards import read_shard, shard_paths

HEADS = 10
"""So many heads without hemorrhage, and as many with it, are shown in all variants."""


@dataclass(frozen=True)
class LabeledHead:
    """A head of which is known whether it bleeds; reading it raises `TriageError` where it shows none."""

    name: str
    bleeds: bool
    read: Callable[[], Volume]


@dataclass(frozen=True)
class Robustness:
    """What was asked and found.

    Attributes
    ----------
    heads
        Heads with their variants.
    peaks
        Where the map of each head without hemorrhage is highest.
    brightest
        How dense the brightest parts of each of these are by region, see `triage_node.train.evaluation.densities`.
    """

    heads: tuple[Head, ...]
    peaks: tuple[Region, ...]
    brightest: tuple[dict[Region, float], ...] = ()


def generated_heads(folder: Path, geometry: Geometry) -> Iterator[LabeledHead]:
    """Yield the studies of a folder of shards; their images are generated again, since shards keep no skull."""
    atlases = Atlases.of()

    def read(seed: int) -> Volume:
        rng = np.random.default_rng(seed)
        return generate_study(atlases.draw(rng), random_recipe(rng, mm_per_pixel=geometry.mm_per_pixel), rng).volume

    for path in shard_paths(folder):
        for record in read_shard(path):
            yield LabeledHead(f"seed {record.seed}", bool(record.labels[:, -1].any()), partial(read, record.seed))


def chosen_heads(heads: Iterable[LabeledHead], most: int = HEADS) -> tuple[list[LabeledHead], list[LabeledHead]]:
    """Return the heads to be shown in all variants, and further ones without hemorrhage, in their order."""
    everyone = list(heads)
    plain = [head for head in everyone if not head.bleeds]
    return [*plain[:most], *[head for head in everyone if head.bleeds][:most]], plain[most:]


def robustness(
    model: Model, shown: Iterable[LabeledHead], further_plain: Iterable[LabeledHead], done: Callable[[], None]
) -> Robustness:
    """Ask a model for the chosen heads.

    Parameters
    ----------
    shown, further_plain
        What `chosen_heads` returns.
    done
        Called after each head.
    """
    answers, peaks, densities = [], [], []
    for head, asked in [*((head, True) for head in shown), *((head, False) for head in further_plain)]:
        try:
            volume = head.read()
            plain = None if head.bleeds else strip_head(volume, model.manifest.geometry)
        except TriageError:
            done()
            continue
        if plain and (peak := peak_region(model, plain)):
            peaks.append(peak)
            densities.append(brightest(plain, model.manifest.geometry.mm_per_pixel / plain.magnification))
        if asked:
            answers.append(ask_again(model, head.name, volume))
        done()
    return Robustness(tuple(answers), tuple(peaks), tuple(densities))
