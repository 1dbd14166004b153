"""What the network is asked to minimize."""

from triage_node.findings import LABELS
from triage_node.models import keras, ops

# The metric of the RSNA-2019 challenge counts `any` twice.
LABEL_WEIGHTS = tuple(2.0 if label == LABELS[-1] else 1.0 for label in LABELS)
# Few cells hold blood, so the mean over the map is small beside the loss of the slices.
MAP_WEIGHT = 10.0


def _cross_entropy(logits: keras.KerasTensor, targets: keras.KerasTensor) -> keras.KerasTensor:
    """Return the element-wise binary cross-entropy of logits, in the form that cannot overflow."""
    return ops.maximum(logits, 0) - logits * targets + ops.log1p(ops.exp(-ops.abs(logits)))


def weighted_log_loss(targets: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean log loss over the last axis with the weights of the labels."""
    weights = ops.convert_to_tensor(LABEL_WEIGHTS, dtype="float32") / sum(LABEL_WEIGHTS)
    return ops.sum(_cross_entropy(logits, targets) * weights, axis=-1)


def map_loss(targets: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Return the weighted log loss of each slice, mean over the cells of its map."""
    return ops.mean(weighted_log_loss(targets, logits), axis=(1, 2))


LOSSES = {"map": map_loss, "slice": weighted_log_loss}
LOSS_WEIGHTS = {"map": MAP_WEIGHT, "slice": 1.0}
