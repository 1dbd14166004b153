"""What a model answers when the same head is shown otherwise; no labels are needed for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triage_node.errors import UnsuitableSeries
from triage_node.findings import LABELS, Decision
from triage_node.imaging import Volume
from triage_node.models import Model
from triage_node.train.evaluation.bars import Bar, at_most
from triage_node.train.evaluation.variants import LESS_SHOWN, VARIANTS

LARGEST_MEAN_CHANGE = 0.3
"""In logits of *any*; a variant that shows less of the head is free of it."""
REFUSED = "refused"
CERTAIN = 1e-6


@dataclass(frozen=True)
class Answer:
    """What is said of a head: a `Decision` or `REFUSED`, and the logit of *any*, nan where it was refused."""

    decision: str
    logit: float


@dataclass(frozen=True)
class Head:
    """The answers to one head: as it is, and to each variant by name."""

    name: str
    as_it_is: Answer
    variants: dict[str, Answer]


@dataclass(frozen=True)
class Change:
    """What a variant changes over some heads.

    Attributes
    ----------
    variant
        Its name.
    heads
        How many were answered both ways.
    mean, largest
        Absolute change of the logit of *any*, nan without heads.
    shift
        Mean change with its sign.
    lost
        Flagged heads that became *not flagged*.
    changed, refused
        Heads with another answer, and heads that were no longer read at all.
    """

    variant: str
    heads: int
    mean: float
    largest: float
    shift: float
    lost: tuple[str, ...]
    changed: int
    refused: int


def answer(model: Model, volume: Volume) -> Answer:
    """Return what a model says of a volume, as served."""
    try:
        prediction = model.predict(volume)
    except UnsuitableSeries:
        return Answer(REFUSED, float("nan"))
    probability = np.clip(prediction.probabilities[LABELS[-1]], CERTAIN, 1 - CERTAIN)
    return Answer(prediction.decision.value, float(np.log(probability / (1 - probability))))


def ask_again(model: Model, name: str, volume: Volume) -> Head:
    """Return the answers to a head and to all its variants; one that is refused as it is has none."""
    first = answer(model, volume)
    if first.decision == REFUSED:
        return Head(name, first, {})
    return Head(name, first, {variant: answer(model, make(volume)) for variant, make in VARIANTS.items()})


def changes(heads: Sequence[Head]) -> tuple[Change, ...]:
    """Return what each variant changes."""
    return tuple(_change(variant, [head for head in heads if head.variants]) for variant in VARIANTS)


def _change(variant: str, heads: list[Head]) -> Change:
    pairs = [(head, head.as_it_is, head.variants[variant]) for head in heads]
    read = [(before.logit, after.logit) for _, before, after in pairs if after.decision != REFUSED]
    moved = np.array([after - before for before, after in read])
    mean, largest, shift = (np.abs(moved).mean(), np.abs(moved).max(), moved.mean()) if len(moved) else (np.nan,) * 3
    lost = [
        head.name
        for head, before, after in pairs
        if (before.decision, after.decision) == (Decision.FLAGGED.value, Decision.NOT_FLAGGED.value)
    ]
    return Change(
        variant,
        len(read),
        float(mean),
        float(largest),
        float(shift),
        tuple(lost),
        changed=sum(after.decision not in (before.decision, REFUSED) for _, before, after in pairs),
        refused=sum(after.decision == REFUSED for *_, after in pairs),
    )


def stability_bars(found: tuple[Change, ...]) -> tuple[Bar, ...]:
    """Return what must hold: small changes, and no flagged head that is no longer even uncertain."""
    steady = [change.mean for change in found if change.variant not in LESS_SHOWN and change.heads]
    lost = sum(len(change.lost) for change in found)
    return (
        at_most("largest mean change of the logit by a variant", max(steady, default=np.nan), LARGEST_MEAN_CHANGE),
        at_most("flagged heads that became not flagged", lost if steady else np.nan, 0),
    )
