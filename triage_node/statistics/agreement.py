"""How far the node and its readers agree, with intervals: few verdicts are few."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from triage_node.findings import TYPES, Decision
from triage_node.wilson import wilson_interval


def agreement_of(verdicts: Mapping[str, int], types: Mapping[str, int]) -> dict[str, Any]:
    """Return what readers said of flagged, uncertain and not flagged studies.

    Sensitivity is None until a reader has said something of a study that was not flagged: where only flagged studies
    are judged, it would be 1 whatever the node misses.

    Parameters
    ----------
    verdicts, types
        How often ``DECISION/present|absent`` and ``TYPE/both|node_only|reader_only|neither`` were counted.
    """
    judged = {
        decision.value: {word: verdicts.get(f"{decision}/{word}", 0) for word in ("present", "absent")}
        for decision in Decision
    }
    flagged, missed = judged[Decision.FLAGGED], judged[Decision.NOT_FLAGGED]
    present = sum(numbers["present"] for numbers in judged.values())
    given = any(missed.values())
    return {
        "judged": judged,
        "ppv": wilson(flagged["present"], sum(flagged.values())),
        "sensitivity": wilson(flagged["present"], present) if given else None,
        "types": {label.value: _of_type(Counter(types), label, given) for label in TYPES},
    }


def wilson(hits: int, of: int) -> dict[str, float] | None:
    """Return a share with its 95 % interval; None of nothing."""
    if of == 0:
        return None
    low, high = wilson_interval(hits, of)
    return {"value": hits / of, "low": low, "high": high, "of": of}


def _of_type(types: Counter[str], label: str, given: bool) -> dict[str, Any]:
    numbers = {word: types[f"{label}/{word}"] for word in ("both", "node_only", "reader_only", "neither")}
    return {
        **numbers,
        "ppv": wilson(numbers["both"], numbers["both"] + numbers["node_only"]),
        "sensitivity": wilson(numbers["both"], numbers["both"] + numbers["reader_only"]) if given else None,
    }
