"""Many shards in several processes."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from triage_node.models import Geometry
from triage_node.train.phantom.atlases import Anatomies, Atlases
from triage_node.train.shards import STUDIES_PER_SHARD, make_shard


@cache
def _atlases_of_process(anatomies: Anatomies) -> Atlases:
    """Return the atlases, loaded once in each worker process."""
    return Atlases.of(anatomies)


def _make(folder: Path, first: int, last: int, geometry: Geometry, anatomies: Anatomies) -> Path:
    import cv2

    cv2.setNumThreads(1)  # the processes share the cores among them already
    return make_shard(folder, range(first, last), geometry, _atlases_of_process(anatomies))


def shard_ranges(first_seed: int, studies: int) -> list[tuple[int, int]]:
    """Return first and one-past-last seed of each shard."""
    end = first_seed + studies
    return [(start, min(start + STUDIES_PER_SHARD, end)) for start in range(first_seed, end, STUDIES_PER_SHARD)]


def make_shards(
    folder: Path,
    first_seed: int,
    studies: int,
    geometry: Geometry,
    workers: int,
    anatomies: Anatomies = Anatomies.BOTH,
) -> Iterator[Path]:
    """Yield shards as they are finished; those already there are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        ranges = shard_ranges(first_seed, studies)
        for future in as_completed([pool.submit(_make, folder, *limits, geometry, anatomies) for limits in ranges]):
            yield future.result()
