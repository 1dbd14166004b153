"""A score and its thresholds in percent, so that no rounding puts the score on another side of them."""

from collections.abc import Sequence

from triage_node.findings import Calibration

MOST_DIGITS = 4
"""Decimals of a percentage, as many as a report has."""


def percentages(probability: float | None, limits: Calibration | None) -> tuple[str, str, str]:
    """Return the score, the threshold of uncertain and that of flagged, as "8.4 %"; "-" for what is not known."""
    shares = (probability, limits.uncertain if limits else None, limits.flag if limits else None)
    for digits in range(1, MOST_DIGITS + 1):
        shown = [None if share is None else round(100 * share, digits) for share in shares]
        if _sides(shown) == _sides(shares) or digits == MOST_DIGITS:
            break
    score, uncertain, flag = ("-" if each is None else f"{each:.{digits}f} %" for each in shown)
    return score, uncertain, flag


def _sides(figures: Sequence[float | None]) -> tuple[bool, ...]:
    """Tell on which side of the thresholds a score lies."""
    score, uncertain, flag = figures
    if score is None or uncertain is None or flag is None:
        return ()
    return score >= uncertain, score > flag
