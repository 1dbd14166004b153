"""Probabilities and thresholds."""
