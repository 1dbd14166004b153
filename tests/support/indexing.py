"""An index made in the test's own process: what the worker processes run, without starting them."""

from pathlib import Path

from triage_node.train.rsna.dataset.index import plan_indexing
from triage_node.train.rsna.dataset.index_parts import PARTS_FOLDER, make_part
from triage_node.train.rsna.dataset.problems import Problem
from triage_node.train.rsna.dataset.tables import Index, Labels


def indexed(images: Path, out: Path, labels: Labels | None = None, only: str = "") -> tuple[Index, list[Problem]]:
    """Return the index of a folder or a zip, and what is wrong with its files."""
    indexing = plan_indexing(images, out, only)
    for name, files in indexing.plan.items():
        make_part(indexing.images, out / PARTS_FOLDER / name, files)
    return indexing.finish(labels)
