"""Networks, their preprocessing and weights: from a volume to a prediction.

Importing this package is light; Keras and its backend are loaded by `load_model`.
"""

from triage_node.models.registry import explain_with, load_model, read_manifest, shipped_models

__all__ = ["explain_with", "load_model", "read_manifest", "shipped_models"]
