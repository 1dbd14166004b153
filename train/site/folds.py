"""Folds of patients: no patient is in two, and each has its share of those with hemorrhage."""

import numpy as np

from triage_node.errors import TriageError


def patient_folds(patients: list[str], positive: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return the fold of each study.

    Parameters
    ----------
    patients
        The patient of each study.
    positive
        ``(studies,) bool``: whether the study shows hemorrhage; a patient does when one of theirs does.

    Returns
    -------
    numpy.ndarray
        ``(studies,) int``, 0 to `folds` - 1.

    Raises
    ------
    TriageError
        When there are fewer patients with or without hemorrhage than folds.
    """
    names, index = np.unique(patients, return_inverse=True)
    positive_patients = np.zeros(len(names), bool)
    np.logical_or.at(positive_patients, index, positive)
    if (least := min(int(positive_patients.sum()), int((~positive_patients).sum()))) < folds or folds < 2:
        raise TriageError(
            f"{folds} folds need at least two, and as many patients with and without hemorrhage; there are {least}."
        )
    order = np.random.default_rng(seed).permutation(len(names))
    dealt = np.empty(len(names), int)
    # Those with hemorrhage are dealt first and the others go on where they ended, so that folds are of one size.
    for position, name in enumerate(order[np.argsort(~positive_patients[order], kind="stable")]):
        dealt[name] = position % folds
    return dealt[index]
