"""A loaded model: from a volume to a prediction."""

import numpy as np

from triage_node.findings import LABELS, ModelIdentity, Prediction
from triage_node.imaging.volume import Volume
from triage_node.models.aggregation import ABSENT_LOGIT, smooth_slices, study_logits
from triage_node.models.device import prepare_device
from triage_node.models.manifest import Manifest
from triage_node.models.networks import compile_forward, restore_network
from triage_node.models.preprocessing import StrippedHead, strip_head

# One fixed shape, compiled once: 28 to 32 slices, the usual series, fill two batches.
BATCH = 16
# Slices that show less brain than this are not worth a look.
SMALLEST_SLICE_CM2 = 4.0


class Model:
    """A network with its weights and manifest, ready to predict.

    Parameters
    ----------
    manifest
        From `triage_node.models.read_manifest`.

    Raises
    ------
    ModelError
        When architecture and weights do not fit.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.device = prepare_device()
        self._forward = compile_forward(restore_network(manifest), BATCH)

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and the manifest's SHA-256."""
        return self.manifest.identity

    def warm_up(self) -> None:
        """Compile the forward pass, so that the first study is not slow."""
        geometry = self.manifest.geometry
        self._forward(np.zeros((BATCH, geometry.rows, geometry.columns, self.manifest.channels), np.float32))

    def predict(self, volume: Volume) -> Prediction:
        """Return the answer for a head CT.

        Parameters
        ----------
        volume
            HU from feet to head, anterior to posterior, right to left.

        Raises
        ------
        UnsuitableSeries
            When no intracranial space is found.
        """
        head = strip_head(volume, self.manifest.geometry)
        return self._answer(self.slice_logits(head), head.slab)

    def slice_logits(self, head: StrippedHead) -> np.ndarray:
        """Return smoothed ``(slabs, 6) float32`` logits of a stripped head, before calibration."""
        logits = np.full((len(head.hu), len(LABELS)), ABSENT_LOGIT, np.float32)
        shown = np.flatnonzero(head.brain_area_cm2 >= SMALLEST_SLICE_CM2)
        inputs = head.channels(self.manifest.windows)[shown]
        for start in range(0, len(shown), BATCH):
            part = inputs[start : start + BATCH]
            padded = np.pad(part, ((0, BATCH - len(part)), (0, 0), (0, 0), (0, 0)))
            logits[shown[start : start + BATCH]] = self._forward(padded)["slice"][: len(part)]
        return smooth_slices(np.maximum(logits, ABSENT_LOGIT))

    def _answer(self, logits: np.ndarray, slab: np.ndarray) -> Prediction:
        """Turn slab logits into probabilities, and give each source slice its slab's."""
        manifest = self.manifest
        study = manifest.study_scaling.probabilities(study_logits(logits))
        probabilities = {label: float(value) for label, value in zip(LABELS, study, strict=True)}
        flagged, uncertain = manifest.thresholds.decide(probabilities)
        return Prediction(
            model=self.identity,
            probabilities=probabilities,
            slice_probabilities=manifest.slice_scaling.probabilities(logits)[slab],
            flagged=flagged,
            uncertain=uncertain,
        )
