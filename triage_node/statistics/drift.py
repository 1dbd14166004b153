"""Did the scores or the scanners change against a reference period: the population stability index."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# The usual reading of the index in credit scoring, where it comes from (Siddiqi 2006).
MODERATE, LARGE = 0.1, 0.25
# Both periods are made of samples, so the index is not 0 without drift; when chance alone comes near the first limit,
# the studies are too few.
MOST_BY_CHANCE = MODERATE / 2
HALF_A_STUDY = 0.5
MOST_LABELS = 12
USUAL_DAYS = 30
REFERENCE_DAYS = 90
"""Scores and scanners of the last days are held against those of so many days before."""
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Drift:
    """Two histograms as shares, the index ``psi`` of how far they differ, and how much of it chance alone would give.

    ``level`` is stable, moderate, large or too_few; with nothing to compare the index is None.
    """

    psi: float | None
    by_chance: float | None
    level: str
    labels: Sequence[str]
    reference: Sequence[float]
    current: Sequence[float]
    reference_count: int
    current_count: int


def drift_of(reference: Mapping[str, int], current: Mapping[str, int], labels: Sequence[str]) -> Drift:
    """Return the index of two histograms with the same labels, and how to read it."""
    before, now = [reference.get(label, 0) for label in labels], [current.get(label, 0) for label in labels]
    psi, by_chance = _index(before, now) if sum(before) and sum(now) else (None, None)
    return Drift(
        psi=psi,
        by_chance=by_chance,
        level=_level(psi, by_chance),
        labels=list(labels),
        reference=_shares(before, 0),
        current=_shares(now, 0),
        reference_count=sum(before),
        current_count=sum(now),
    )


def mix_drift(reference: Mapping[str, int], current: Mapping[str, int]) -> Drift:
    """Return the index of two mixes of names; rare names are counted together."""
    total = {name: reference.get(name, 0) + current.get(name, 0) for name in {*reference, *current}}
    common = sorted(total, key=lambda name: (-total[name], name))[:MOST_LABELS]
    labels = [*common, OTHERS] if len(total) > MOST_LABELS else common
    return drift_of(_folded(reference, common), _folded(current, common), labels)


def _index(before: Sequence[int], now: Sequence[int]) -> tuple[float, float]:
    pairs = zip(_shares(before, HALF_A_STUDY), _shares(now, HALF_A_STUDY), strict=True)
    psi = sum((q - p) * math.log(q / p) for p, q in pairs)
    return psi, (len(before) - 1) * (1 / sum(before) + 1 / sum(now))


def _level(psi: float | None, by_chance: float | None) -> str:
    if psi is None or by_chance is None or by_chance > MOST_BY_CHANCE:
        return "too_few"
    return "large" if psi >= LARGE else "moderate" if psi >= MODERATE else "stable"


def _folded(numbers: Mapping[str, int], common: Sequence[str]) -> dict[str, int]:
    folded = {name: numbers.get(name, 0) for name in common}
    folded[OTHERS] = folded.get(OTHERS, 0) + sum(number for name, number in numbers.items() if name not in common)
    return folded


def _shares(numbers: Sequence[int], added: float) -> list[float]:
    total = sum(numbers) + added * len(numbers)
    return [(number + added) / total if total else 0.0 for number in numbers]
