"""How far the node and its readers agree, with intervals: few verdicts are few."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from triage_node.findings import TYPES, Decision
from triage_node.wilson import wilson_interval


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share of a number with its 95 % interval."""

    value: float
    low: float
    high: float
    of: int


@dataclass(frozen=True, slots=True)
class Judged:
    """In how many studies of one decision readers saw a hemorrhage, and in how many none."""

    present: int
    absent: int


@dataclass(frozen=True, slots=True)
class TypeAgreement:
    """In how many judged studies the node, the reader, both or neither named a type."""

    both: int
    node_only: int
    reader_only: int
    neither: int
    ppv: Ratio | None
    sensitivity: Ratio | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What readers said, by decision and by type; a ratio is None while it is not known."""

    judged: Mapping[str, Judged]
    ppv: Ratio | None
    sensitivity: Ratio | None
    types: Mapping[str, TypeAgreement]


def agreement_of(verdicts: Mapping[str, int], types: Mapping[str, int]) -> Agreement:
    """Return what readers said of flagged, uncertain and not flagged studies.

    Sensitivity is None until a reader has said something of a study that was not flagged: where only flagged studies
    are judged, it would be 1 whatever the node misses.

    Parameters
    ----------
    verdicts, types
        How often ``DECISION/present|absent`` and ``TYPE/both|node_only|reader_only|neither`` were counted.
    """
    judged = {
        decision.value: Judged(*(verdicts.get(f"{decision}/{word}", 0) for word in ("present", "absent")))
        for decision in Decision
    }
    flagged, missed = judged[Decision.FLAGGED], judged[Decision.NOT_FLAGGED]
    present = sum(numbers.present for numbers in judged.values())
    given = bool(missed.present or missed.absent)
    return Agreement(
        judged=judged,
        ppv=wilson(flagged.present, flagged.present + flagged.absent),
        sensitivity=wilson(flagged.present, present) if given else None,
        types={label.value: _of_type(Counter(types), label, given) for label in TYPES},
    )


def wilson(hits: int, of: int) -> Ratio | None:
    """Return a share with its 95 % interval; None of nothing."""
    if of == 0:
        return None
    low, high = wilson_interval(hits, of)
    return Ratio(hits / of, low, high, of)


def _of_type(types: Counter[str], label: str, given: bool) -> TypeAgreement:
    both, node_only, reader_only, neither = (
        types[f"{label}/{word}"] for word in ("both", "node_only", "reader_only", "neither")
    )
    return TypeAgreement(
        both,
        node_only,
        reader_only,
        neither,
        ppv=wilson(both, both + node_only),
        sensitivity=wilson(both, both + reader_only) if given else None,
    )
