"""Batches of an adaptation: half slices of the site's patients, half generated ones."""

from collections.abc import Sequence

import numpy as np

from triage_node.errors import TriageError
from triage_node.models import MAP_STRIDE, Window, keras
from triage_node.train.fitting.augmentation import Augmentation
from triage_node.train.fitting.batches import SlicePool
from triage_node.train.shards import INSIDE_BIT, OFFSET, SMALLEST_SLICE_CM2, StudyRecord
from triage_node.train.site.cases import Case

Batch = tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]


def as_record(case: Case) -> StudyRecord:
    """Return a case as the shards hold a study, without lesion bits: nobody drew them."""
    head = case.head
    gray = np.clip(np.round(head.hu + OFFSET), 0, 255).astype(np.uint8)
    bits = head.mask.astype(np.uint8) << INSIDE_BIT
    labels = case.slabs()[0]
    known = head.neighbors, labels, head.brain_area_cm2, -1, head.slice_mm, head.median_hu, head.magnification
    return StudyRecord(gray, bits, *known)


class SitePool:
    """Labeled slices of some cases: half with hemorrhage, each patient as often, half without.

    Parameters
    ----------
    cases
        Cases to fit on.
    windows
        Channels of the network.

    Raises
    ------
    TriageError
        When there is no labeled slice with hemorrhage, or none without.
    """

    def __init__(self, cases: Sequence[Case], windows: tuple[Window, ...]) -> None:
        self._slices = SlicePool([as_record(case) for case in cases], windows, Augmentation())
        self._positive: dict[str, list[tuple[int, int]]] = {}
        self._negative: list[tuple[int, int]] = []
        for number, case in enumerate(cases):
            self._sort(number, case)
        if not self._positive or not self._negative:
            raise TriageError("Adapting needs labeled slices with and without hemorrhage in every fold.")

    def _sort(self, number: int, case: Case) -> None:
        labels, known = case.slabs()
        for index in np.flatnonzero(known & (case.head.brain_area_cm2 >= SMALLEST_SLICE_CM2)):
            if labels[index, -1]:
                self._positive.setdefault(case.patient, []).append((number, int(index)))
            else:
                self._negative.append((number, int(index)))

    def example(self, positive: bool, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return input, an empty map and the labels of one augmented slice."""
        source = self._negative
        if positive:
            patients = list(self._positive.values())
            source = patients[rng.integers(len(patients))]
        return self._slices.example(*source[rng.integers(len(source))], rng)


class MixedBatches(keras.utils.PyDataset):
    """Batches of one fit; batch k is the same in every run with the same seed.

    The map of a site's slice weighs nothing, since only its labels are known.
    """

    def __init__(self, site: SitePool, generated: SlicePool, steps: int, batch: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self.site, self.generated, self.steps, self.half, self.seed = site, generated, steps, batch // 2, seed

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self.seed, index])
        images, targets = self.generated.batch(self.half, rng)
        drawn = [self.site.example(position % 2 == 0, rng) for position in range(self.half)]
        site_images, _, site_labels = (np.stack(part) for part in zip(*drawn, strict=True))
        no_map = np.zeros((self.half, images.shape[1] // MAP_STRIDE, images.shape[2] // MAP_STRIDE, 6), np.float32)
        weights = np.repeat(np.array([1, 0], np.float32), self.half)
        return (
            np.concatenate([images, site_images]),
            {
                "map": np.concatenate([targets["map"], no_map]),
                "slice": np.concatenate([targets["slice"], site_labels]),
            },
            {"map": weights, "slice": np.ones_like(weights)},
        )
