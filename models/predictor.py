"""A loaded model: from a volume to a prediction."""

from dataclasses import dataclass

import numpy as np

from triage_node.findings import LABELS, ImageDistance, Label, ModelIdentity, Prediction
from triage_node.imaging import Volume
from triage_node.models.aggregation import ABSENT_LOGIT, smooth_slices, study_logits
from triage_node.models.batch_norm_folding import folded
from triage_node.models.contrast import contrast_sign
from triage_node.models.device import prepare_device
from triage_node.models.manifest import Manifest
from triage_node.models.networks import compile_forward, restore_network
from triage_node.models.out_of_distribution import OUTPUT, read_feature_distribution, with_features
from triage_node.models.preprocessing import Geometry, StrippedHead, strip_head
from triage_node.models.series import SeriesModel
from triage_node.models.skull_stripping.coverage import coverage_cautions
from triage_node.reasons import Reason, ReasonCode

# One fixed shape, compiled once: 28 to 32 slices, the usual series, fill two batches. Of larger frames fewer at once,
# so that a forward pass of any model takes about the memory of the shipped one's.
BATCH, PIXELS_OF_BATCH = 16, 16 * 256 * 256
# Slices that show less brain than this are not worth a look.
SMALLEST_SLICE_CM2 = 4.0


@dataclass(frozen=True)
class Observation:
    """What the network makes of a stripped head.

    Attributes
    ----------
    logits
        ``(slabs, 6) float32``, smoothed over slabs near by, before calibration.
    features
        ``(slabs with brain, features) float32``, what `FeatureDistribution` measures.
    """

    logits: np.ndarray
    features: np.ndarray


def batch_size(geometry: Geometry) -> int:
    """Return how many slices of a frame go through the network at once."""
    return int(min(BATCH, max(1, PIXELS_OF_BATCH // (geometry.rows * geometry.columns))))


def _unfamiliar(distance: ImageDistance) -> Reason:
    return Reason.of(ReasonCode.OUT_OF_DISTRIBUTION, f"Distance {distance.value:.2f}, limit {distance.limit:.2f}.")


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
        self.network = restore_network(manifest)
        self._batch = batch_size(manifest.geometry)
        self._forward = compile_forward(folded(with_features(self.network)), self._batch)
        path = manifest.features_path
        self.feature_distribution = read_feature_distribution(path) if path else None
        self._series = self._read_series()

    def _read_series(self) -> SeriesModel | None:
        path = self.manifest.series_path
        if path is None:
            return None
        features = with_features(self.network).output[OUTPUT].shape[-1]
        return SeriesModel(path, self.manifest.geometry.max_slices, features, self.manifest.series)

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and the manifest's SHA-256."""
        return self.manifest.identity

    def warm_up(self) -> None:
        """Compile the forward pass, so that the first study is not slow."""
        geometry = self.manifest.geometry
        empty = np.zeros((self._batch, geometry.rows, geometry.columns, self.manifest.channels), np.float32)
        found = self._forward(empty)
        if self._series is not None:
            self._series.refine(found[OUTPUT], found["slice"])

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
        return self._answer(head, self.observe(head)).doubted(*coverage_cautions(volume, head), *head.doubts)

    def slice_logits(self, head: StrippedHead) -> np.ndarray:
        """Return smoothed ``(slabs, 6) float32`` logits of a stripped head, before calibration."""
        return self.observe(head).logits

    def observe(self, head: StrippedHead) -> Observation:
        """Return what the networks make of a stripped head, before calibration."""
        logits = np.full((len(head.hu), len(LABELS)), ABSENT_LOGIT, np.float32)
        shown = head.brain_area_cm2 >= SMALLEST_SLICE_CM2
        if not shown.any():
            return Observation(smooth_slices(logits, head.shown_slice_mm), np.empty((0, 0), np.float32))
        found, features = self.encode(head)
        logits[shown] = found if self._series is None else self._series.refine(features, found)
        return Observation(smooth_slices(np.maximum(logits, ABSENT_LOGIT), head.shown_slice_mm), features)

    def encode(self, head: StrippedHead) -> tuple[np.ndarray, np.ndarray]:
        """Return logits ``(slabs with brain, 6)`` and features of each slab by itself; there must be one with brain."""
        inputs = head.channels(self.manifest.windows)[head.brain_area_cm2 >= SMALLEST_SLICE_CM2]
        logits, features = [], []
        for start in range(0, len(inputs), self._batch):
            part = inputs[start : start + self._batch]
            padded = np.pad(part, ((0, self._batch - len(part)), (0, 0), (0, 0), (0, 0)))
            found = self._forward(padded)
            logits.append(self._slice_logits(found, padded)[: len(part)])
            features.append(found[OUTPUT][: len(part)])
        return np.concatenate(logits), np.concatenate(features)

    def _slice_logits(self, found: dict[str, np.ndarray], batch: np.ndarray) -> np.ndarray:
        """Return the slice logits of a batch; a head has two sides, so its mirror image is a second opinion."""
        if not self.manifest.mirrored:
            return found["slice"]
        mirrored = self._forward(np.ascontiguousarray(batch[:, :, ::-1]))
        return (found["slice"] + mirrored["slice"]) / 2

    def _answer(self, head: StrippedHead, seen: Observation) -> Prediction:
        """Turn slab logits into probabilities, and give each source slice its slab's."""
        manifest, logits = self.manifest, seen.logits
        study = manifest.study_scaling.probabilities(study_logits(logits, head.brain_area_cm2, head.shown_slice_mm))
        probabilities = {label: float(value) for label, value in zip(LABELS, study, strict=True)}
        flagged, uncertain = manifest.thresholds.decide(probabilities)
        distance = self.feature_distribution.distance(seen.features) if self.feature_distribution else None
        cautions: tuple[Reason, ...] = ()
        withheld: tuple[Label, ...] = ()
        if distance is not None and not distance.familiar:
            # Far from what it was fitted on a network is confidently wrong, so it may doubt there but never flag.
            doubted = {*flagged, *uncertain, Label.ANY}
            withheld = flagged
            flagged, uncertain = (), tuple(label for label in LABELS if label in doubted)
            cautions = (_unfamiliar(distance),)
        return Prediction(
            model=self.identity,
            probabilities=probabilities,
            slice_probabilities=manifest.slice_scaling.probabilities(logits)[head.slab],
            flagged=flagged,
            uncertain=uncertain,
            distance=distance,
            cautions=cautions,
            contrast=contrast_sign(head, manifest.geometry.mm_per_pixel),
            withheld=withheld,
        )
