"""Series of the competition through the node's own reader and preprocessing, once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.imaging import Instance, Policy, Series, Volume, read_volume
from triage_node.models import Geometry, StrippedHead, strip_head
from triage_node.train.rsna.dataset.images import Images, open_images
from triage_node.train.rsna.dataset.indexed_series import IndexedSeries
from triage_node.train.rsna.shards.shard import NO_PLANE, SCHEMA
from triage_node.train.rsna.shards.slice_rows import bytes_per_plane, pack

LEFT_OUT = "It does not belong to the stack of the series."


@cache
def images_of_process(root: Path) -> Images:
    """Return the opened images; a process opens a zip once: its directory has hundreds of thousands of entries."""
    return open_images(root)


@contextmanager
def image_files(sources: list[str], images: Images) -> Iterator[list[Path]]:
    """Give the files of some images, as long as the context lasts."""
    with ExitStack() as stack:
        yield [stack.enter_context(images.file(source)) for source in sources]


def _volume(paths: list[Path]) -> Volume:
    """Read the files of a series, whatever its suitability; raises `UnsuitableSeries` where no volume is possible."""
    return read_volume(Series.of(Instance.read(path) for path in paths), Policy(), force=True)


def _rows(volume: Volume, head: StrippedHead, first_plane: int) -> dict[str, dict[str, Any]]:
    """Return plane, neighbors and area by SOP Instance UID; thin slices of one slab share a plane."""
    rows: dict[str, dict[str, Any]] = {}
    for sources, slab in zip(volume.sources, head.slab, strict=True):
        below, above = (int(neighbor) + first_plane for neighbor in head.neighbors[slab])
        found: dict[str, Any] = {"plane": int(slab) + first_plane, "below": below, "above": above}
        found |= {"area_cm2": float(head.brain_area_cm2[slab]), "reason": ""}
        found |= {"median_hu": head.median_hu, "slice_mm": head.slice_mm, "magnification": head.magnification}
        rows |= {source.sop_instance_uid: found for source in sources}
    return rows


def _refused(reason: str) -> dict[str, Any]:
    nowhere = dict.fromkeys(("plane", "below", "above"), NO_PLANE)
    unknown = dict.fromkeys(("area_cm2", "median_hu", "slice_mm", "magnification"), 0.0)
    return {**nowhere, **unknown, "reason": reason}


def read_series(
    series: IndexedSeries, images: Images, geometry: Geometry, first_plane: int
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the slices of a series ``(slabs, bytes) uint8``, and one row of `SCHEMA` an image.

    Parameters
    ----------
    images
        Where the sources of the index lie.
    first_plane
        Slices that precede it in the shard.
    """
    planes, placed, reason = np.empty((0, bytes_per_plane(geometry)), np.uint8), {}, LEFT_OUT
    try:
        with image_files(series.sources, images) as paths:
            volume = _volume(paths)
        head = strip_head(volume, geometry)
        lost = {loss.instance.sop_instance_uid: _refused(loss.reason.message) for loss in volume.losses}
        planes, placed = pack(head), lost | _rows(volume, head, first_plane)
    except (UnsuitableSeries, InvalidInstance) as error:
        reason = str(error)
    names = [name for name in SCHEMA.names if name in series.columns]
    rows = []
    for index, uid in enumerate(series.sop_instance_uids):
        known = {name: series.columns[name][index] for name in names}
        rows.append({**known, **placed.get(uid, _refused(reason))})
    return planes, rows
