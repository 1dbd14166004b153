"""Images as the notebook saw them: stored pixel values, not Hounsfield units, shrunk to 50 x 50."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from triage_node.complete_file import complete_file
from triage_node.errors import InvalidInstance, TriageError, UnsuitableSeries
from triage_node.imaging import Instance, stored_values
from triage_node.train.rsna.dataset.images import Images
from triage_node.train.rsna.dataset.processes import in_processes
from triage_node.train.rsna.dataset.tables import Index
from triage_node.train.rsna.shards.reading import images_of_process

SIDE = 50
IMAGES_PER_PART = 1024
FLOAT16 = (-65504, 65504)


@dataclass(frozen=True)
class ThumbnailJob:
    """What a process needs to make one part."""

    sources: tuple[str, ...]
    root: Path
    path: Path


def thumbnail(source: str, images: Images) -> np.ndarray:
    """Return ``(50, 50) float32`` stored values; zeros where an image cannot be decoded."""
    try:
        with images.file(source) as path:
            (values,) = stored_values(Instance.read(path), [1])
    except (InvalidInstance, UnsuitableSeries):
        return np.zeros((SIDE, SIDE), np.float32)
    small: np.ndarray = cv2.resize(np.clip(values, *FLOAT16).astype(np.float32), (SIDE, SIDE))
    return small


def make_part(job: ThumbnailJob) -> int:
    """Shrink the images of a part, write them, and return how many there are."""
    cv2.setNumThreads(1)
    images = images_of_process(job.root)
    small = np.stack([thumbnail(source, images) for source in job.sources])
    with complete_file(job.path) as partial, partial.open("wb") as stream:
        np.save(stream, small.reshape(len(small), -1).astype(np.float16), allow_pickle=False)
    return len(small)


def _parts(index: Index, folder: Path) -> list[ThumbnailJob]:
    sources = index.table["source"].to_pylist()
    return [
        ThumbnailJob(
            tuple(sources[first : first + IMAGES_PER_PART]),
            index.images,
            folder / f"{index.fingerprint[:16]}-{first // IMAGES_PER_PART:05d}.npy",
        )
        for first in range(0, len(sources), IMAGES_PER_PART)
    ]


def make_thumbnails(index: Index, folder: Path, workers: int) -> Iterator[int]:
    """Yield how many images each part holds; parts that are there already are not made again."""
    missing = []
    for part in _parts(index, folder):
        if part.path.exists():
            yield len(part.sources)
        else:
            missing.append(part)
    yield from in_processes(make_part, missing, workers)


def read_thumbnails(index: Index, folder: Path) -> dict[str, np.ndarray]:
    """Return ``(2500,) float16`` of each image by SOP Instance UID, memory-mapped.

    Raises
    ------
    TriageError
        When a part is missing or cannot be read.
    """
    uids = _uids(index.table)
    found: dict[str, np.ndarray] = {}
    for number, part in enumerate(_parts(index, folder)):
        try:
            rows = np.load(part.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise TriageError(f"The thumbnails {part.path} could not be read: call rsna baseline again.") from error
        first = number * IMAGES_PER_PART
        found.update(zip(uids[first : first + len(rows)], rows, strict=True))
    return found


def _uids(table: pa.Table) -> list[str]:
    found: list[str] = table["sop_instance_uid"].to_pylist()
    return found
