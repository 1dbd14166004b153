"""The index: one row an image, its header joined with its labels, and a table of what is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from triage_node.findings import LABELS
from triage_node.train.rsna.dataset.images import ImagesError, Listed, open_images
from triage_node.train.rsna.dataset.index_parts import PARTS_FOLDER, make_parts, planned, read_part, remove_other_parts
from triage_node.train.rsna.dataset.labels import KNOWN_CORRUPT
from triage_node.train.rsna.dataset.problems import Problem, ProblemCode, write_problems
from triage_node.train.rsna.dataset.tables import (
    INDEX_SCHEMA,
    PROBLEMS_FILE,
    SORTED_BY,
    Index,
    Labels,
    fingerprint,
    write_index,
)


@dataclass(frozen=True)
class Indexing:
    """Files to index, in parts, and where they go.

    Attributes
    ----------
    images
        Folder or zip.
    out
        Receives parts, ``index.parquet`` and ``problems.csv``.
    plan
        Files by name of the part that holds their rows.
    """

    images: Path
    out: Path
    plan: Mapping[str, Sequence[Listed]]

    @property
    def files(self) -> int:
        """Return the number of files."""
        return sum(map(len, self.plan.values()))

    def read(self, workers: int) -> Iterator[int]:
        """Read headers in several processes, yielding how many files are done; raises as `make_parts` does."""
        return make_parts(self.images, self.out / PARTS_FOLDER, self.plan, workers)

    def finish(self, labels: Labels | None) -> tuple[Index, list[Problem]]:
        """Merge the parts, join the labels, write the index and the problems.

        Returns
        -------
        index, problems
            The same files and labels give the same rows, whatever was cut off on the way.
        """
        folder = self.out / PARTS_FOLDER
        remove_other_parts(folder, self.plan)
        parts = [read_part(folder / name) for name in self.plan]
        problems = [problem for _, found in parts for problem in found]
        table, repeated = _unique(pa.concat_tables([table for table, _ in parts]))
        table, unmatched = _joined(table, labels)
        known = {problem.image for problem in problems}
        problems += [*repeated, *(one for one in unmatched if one.image not in known)]
        table = table.sort_by([(name, "ascending") for name in SORTED_BY])
        index = Index(table, self.images, fingerprint(table))
        write_problems(self.out / PROBLEMS_FILE, problems)
        write_index(self.out, index)
        return index, problems


def plan_indexing(images: Path, out: Path, only: str = "") -> Indexing:
    """Return what is to be read of a folder or a zip, or only of the folders of one name in it.

    Raises
    ------
    ImagesError
        When there is no image.
    """
    with open_images(images) as opened:
        files = opened.listed(only)
    if not files:
        where = f"a folder {only} of {images}" if only else str(images)
        raise ImagesError(f"There is no .dcm file in {where}.", path=images)
    return Indexing(images.resolve(), out, planned(files))


def _unique(table: pa.Table) -> tuple[pa.Table, list[Problem]]:
    """Return the first row of each image, and the others as problems."""
    table = table.append_column("order", pa.array(range(len(table)), pa.int64()))
    first = table.group_by("sop_instance_uid").aggregate([("order", "min")])["order_min"]
    is_first = pc.is_in(table["order"], pc.unique(first))
    sentence = "Another file holds the image already: this one is left out."
    repeated = _listed(table.filter(pc.invert(is_first)), ProblemCode.DUPLICATE, sentence)
    return table.filter(is_first).drop_columns("order"), repeated


def _joined(table: pa.Table, labels: Labels | None) -> tuple[pa.Table, list[Problem]]:
    """Return the images with their labels, as `INDEX_SCHEMA` says, and what has no partner."""
    corrupt = pc.is_in(table["sop_instance_uid"], pa.array(sorted(KNOWN_CORRUPT)))
    problems = _listed(table.filter(corrupt), ProblemCode.CORRUPT, "Its file is known to be cut off: it is left out.")
    table = table.filter(pc.invert(corrupt))
    if labels is None:
        none = [pa.nulls(len(table), pa.bool_()) for _ in LABELS]
        return _indexed(table, none), problems
    where = pc.index_in(table["sop_instance_uid"], labels.table["sop_instance_uid"].combine_chunks())
    unlabeled = table.filter(pc.is_null(where))
    problems += _listed(unlabeled, ProblemCode.UNLABELED, f"{labels.csv} has no label for it: has_label is false.")
    found = pc.is_in(labels.table["sop_instance_uid"], table["sop_instance_uid"].combine_chunks())
    sentence = f"{labels.csv} labels it, but no file that can be read holds it."
    problems += _listed(labels.table.filter(pc.invert(found)), ProblemCode.MISSING_IMAGE, sentence)
    return _indexed(table, [pc.take(labels.table[str(label)], where) for label in LABELS]), problems


def _indexed(table: pa.Table, labels: list[pa.Array]) -> pa.Table:
    for label, column in zip(LABELS, labels, strict=True):
        table = table.append_column(str(label), column)
    return table.append_column("has_label", pc.is_valid(labels[-1])).cast(INDEX_SCHEMA)


def _listed(table: pa.Table, code: ProblemCode, sentence: str) -> list[Problem]:
    rows = table.select([name for name in ("source", "sop_instance_uid") if name in table.column_names]).to_pylist()
    return [Problem(row.get("source", ""), row["sop_instance_uid"], code, sentence) for row in rows]
