"""Scores, figures of merit, a submission, a model folder."""
