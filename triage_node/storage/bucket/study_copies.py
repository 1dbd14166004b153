"""What the bucket has of a study, when something of it is deleted."""

from collections.abc import Callable, Collection
from pathlib import Path

from triage_node.storage.bucket.copies import LASTING, OUTCOME, Copies


class StudyCopies:
    """The objects of a study.

    Every method may be repeated, and by several machines at once: what is gone is no fault. Each raises
    `ObjectStorageError` when the bucket does not do it; it is to be repeated then.

    Parameters
    ----------
    folder
        The study's in the spool.
    """

    def __init__(self, folder: Path, copies: Copies) -> None:
        self._folder = folder
        self._copies = copies

    def store(self, name: str) -> None:
        """Store a file of the study's folder in place of what has that name."""
        self._copies.store(self._folder / name)

    def instances(self, names: Collection[str]) -> list[Path]:
        """Return what there is of instances, by their hashed UIDs, also what else came under them (variants)."""
        return self._where(lambda path: _is_image(self._folder, path) and path.name[:32] in names)

    def results(self) -> list[Path]:
        """Return the files of the results but the outcomes, which are small and say what was answered."""
        return self._where(lambda path: path.parent != self._folder and path.name != OUTCOME)

    def rest(self) -> list[Path]:
        """Return all but images."""
        return self._where(lambda path: not _is_image(self._folder, path))

    def delete(self, paths: Collection[Path]) -> None:
        """Delete objects by their places in the spool."""
        self._copies.delete(paths)
        self._copies.forget(self._folder)

    def _where(self, is_wanted: Callable[[Path], bool]) -> list[Path]:
        return [path for path in self._copies.sizes(self._folder) if is_wanted(path)]


def _is_image(folder: Path, path: Path) -> bool:
    return path.parent == folder and path.suffix in LASTING
