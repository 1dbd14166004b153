"""Figures with their intervals as text, for pages and terminals."""

Parts = list[float | None]
"""A figure and the ends of its interval; None where it is not defined."""


def interval_text(parts: Parts) -> str:
    """Return a figure with its interval."""
    value, low, high = parts
    return "-" if value is None else f"{value:.3f} ({low:.3f}-{high:.3f})"


def signed_text(parts: Parts) -> str:
    """Return a difference, or a logit, with its interval."""
    value, low, high = parts
    return "-" if value is None else f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def number_text(value: float | None) -> str:
    """Return a number."""
    return "-" if value is None else f"{value:.3f}"
