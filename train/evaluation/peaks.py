"""Where in a head the lesion map is highest: in plain heads the address of a false alarm."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from triage_node.findings import LABELS
from triage_node.models import MAP_STRIDE, SMALLEST_SLICE_CM2, Model, StrippedHead, ops
from triage_node.train.evaluation.regions import Region, region_map

ANY = len(LABELS) - 1


def peak_region(model: Model, head: StrippedHead) -> Region | None:
    """Return where the lesion map of *any* is highest on the most suspicious slab; None where no brain is shown."""
    shown = np.flatnonzero(head.brain_area_cm2 >= SMALLEST_SLICE_CM2)
    if not len(shown):
        return None
    logits, _ = model.encode(head)
    index = int(shown[np.argmax(logits[:, ANY])])
    image = head.channels(model.manifest.windows)[index]
    found = model.network(ops.convert_to_tensor(image[None]), training=False)
    lesion_map = ops.convert_to_numpy(found["map"])[0, ..., ANY]
    cell = np.unravel_index(int(np.argmax(lesion_map)), lesion_map.shape)
    row, column = (int(place) * MAP_STRIDE + MAP_STRIDE // 2 for place in cell)
    regions = region_map(head, index, model.manifest.geometry.mm_per_pixel / head.magnification)
    return Region(regions[min(row, len(regions) - 1), min(column, regions.shape[1] - 1)])


def shares(regions: Sequence[Region]) -> dict[Region, float]:
    """Return the share of the heads that peak in each region."""
    counted = Counter(regions)
    return {region: counted[region] / max(len(regions), 1) for region in Region}
