"""What a model takes for familiar: measured on generated studies that no fit has seen."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from triage_node.models import Manifest, fit_features, sha256_of, write_feature_distribution


def save_feature_distribution(manifest: Manifest, features: Sequence[np.ndarray]) -> Manifest:
    """Write the statistics of held-out studies beside a model's weights; return a manifest that pins them.

    Parameters
    ----------
    features
        ``(slices with brain, features)`` of each study, as `Model.observe` gives them.
    """
    path = write_feature_distribution(manifest.folder, fit_features(features))
    return replace(manifest, features_sha256=sha256_of(path))
