"""The index in parts: each holds the rows of some files, is written at once, and is not made again."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from triage_node.complete_file import PARTIAL, complete_file
from triage_node.errors import TriageError
from triage_node.train.rsna.dataset.headers import image_row
from triage_node.train.rsna.dataset.images import Images, Listed, open_images
from triage_node.train.rsna.dataset.problems import Problem, ProblemCode
from triage_node.train.rsna.dataset.processes import in_processes
from triage_node.train.rsna.dataset.tables import FORMAT_VERSION, IMAGE_SCHEMA

FILES_PER_PART = 250
PARTS_FOLDER = "index-parts"
_PROBLEMS = b"triage_node.rsna.problems"


class PartsError(TriageError):
    """The index could not be made."""


def part_name(files: Sequence[Listed]) -> str:
    """Return a name that follows from the files' names, sizes and versions: other files make another part."""
    description = json.dumps([FORMAT_VERSION, [(file.name, file.size, file.version) for file in files]])
    return f"part-{hashlib.sha256(description.encode()).hexdigest()[:24]}.parquet"


def planned(files: Sequence[Listed]) -> Mapping[str, Sequence[Listed]]:
    """Return the files of each part by the part's name, in the order of the files."""
    starts = range(0, len(files), FILES_PER_PART)
    chunks = [files[start : start + FILES_PER_PART] for start in starts]
    return {part_name(chunk): chunk for chunk in chunks}


def make_parts(images: Path, folder: Path, plan: Mapping[str, Sequence[Listed]], workers: int) -> Iterator[int]:
    """Make the parts that are not there, in several processes; yields how many files are done at each step.

    Raises
    ------
    StorageFull, StorageError
        When the disk does not take a part; those written before are kept, and used by the next call.
    PartsError
        When a process was ended from outside.
    """
    missing = {name: files for name, files in plan.items() if not (folder / name).is_file()}
    yield sum(len(files) for name, files in plan.items() if name not in missing)
    try:
        yield from in_processes(partial(_make_named, images, folder), missing.items(), workers)
    except BrokenProcessPool as error:
        raise PartsError(f"A process that read {images} was ended; call again, what is done is kept.") from error


@cache
def _images_of_process(root: Path) -> Images:
    """Return the images, opened once in each worker process: the list of a zip takes seconds to read."""
    return open_images(root)


def _make_named(images: Path, folder: Path, part: tuple[str, Sequence[Listed]]) -> int:
    name, files = part
    return make_part(images, folder / name, files)


def make_part(images: Path, path: Path, files: Sequence[Listed]) -> int:
    """Read the headers of some files into a part, and return how many there were."""
    found = [image_row(_images_of_process(images), file) for file in files]
    rows = [row for row in found if not isinstance(row, Problem)]
    problems = [problem for problem in found if isinstance(problem, Problem)]
    entries = json.dumps([[p.file, p.image, str(p.code), p.sentence] for p in problems])
    table = pa.Table.from_pylist(rows, schema=IMAGE_SCHEMA.with_metadata({_PROBLEMS: entries.encode()}))
    with complete_file(path) as partial:
        pq.write_table(table, partial)
    return len(files)


def read_part(path: Path) -> tuple[pa.Table, list[Problem]]:
    """Return the rows and the problems of a part.

    Raises
    ------
    PartsError
        When it is damaged.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise PartsError(f"{path} cannot be read ({error}): remove it and call again.", path=path) from error
    entries: list[list[Any]] = json.loads(table.schema.metadata[_PROBLEMS])
    problems = [Problem(file, image, ProblemCode(code), sentence) for file, image, code, sentence in entries]
    return table.replace_schema_metadata(None), problems


def remove_other_parts(folder: Path, plan: Mapping[str, Sequence[Listed]]) -> None:
    """Remove parts of files that have changed since, and what a killed process left half written."""
    for path in folder.iterdir():
        if path.name not in plan and (path.suffix == PARTIAL or path.name.startswith("part-")):
            path.unlink(missing_ok=True)
