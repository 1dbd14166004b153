"""Folds of patients, and the fits on them."""
