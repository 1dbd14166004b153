"""Fit the network: batches, losses, schedule, checkpoints."""
