"""The folders of a run with several folds: one a fold, and one of all patients."""

from pathlib import Path

from triage_node.errors import TriageError

ALL, WHOLE = "all", "whole"
HERE = Path()


def fold_folder(fold: int) -> Path:
    """Return the folder of a fold below that of the run."""
    return Path(f"fold-{fold}")


def chosen_folds(chosen: str | None, count: int, test: int) -> list[tuple[Path, int | None]]:
    """Return below the run's folder the folders that are asked for, each with the fold that judges it.

    Parameters
    ----------
    chosen
        ``all``, ``whole``, the number of a fold, or None for a run of one split in the folder itself.
    count
        How many folds there are.
    test
        Fold that judges a run of one split.

    Raises
    ------
    TriageError
        When there is no such fold.
    """
    if chosen is None:
        return [(HERE, test)]
    if chosen == ALL:
        return [(fold_folder(fold), fold) for fold in range(count)]
    if chosen == WHOLE:
        return [(Path(WHOLE), None)]
    if not chosen.isdigit() or int(chosen) >= count:
        raise TriageError(f"There is no fold {chosen}: the folds are 0 to {count - 1}; all and {WHOLE} are the others.")
    return [(fold_folder(int(chosen)), int(chosen))]


def fold_runs(folder: Path) -> list[Path]:
    """Return the folders of the folds of a run in their order; none where it is one of one split."""
    found = [path for path in folder.glob("fold-*") if path.name.removeprefix("fold-").isdigit() and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("fold-")))
