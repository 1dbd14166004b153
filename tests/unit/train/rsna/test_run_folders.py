"""Which folds a fit is for, and where their runs lie."""

from pathlib import Path

import pytest
from rsna_sets import cached_series, labels_of

from triage_node.errors import TriageError
from triage_node.models.preprocessing import Geometry
from triage_node.train.rsna.evaluation.ensemble import model_folders
from triage_node.train.rsna.fitting.run_folders import chosen_folds, fold_runs
from triage_node.train.rsna.fitting.splitting import split
from triage_node.train.rsna.shards.cache import Cache


def test_all_folds_one_of_them_or_all_patients():
    assert chosen_folds(None, 5, 2) == [(Path(), 2)]
    assert chosen_folds("all", 3, 0) == [(Path("fold-0"), 0), (Path("fold-1"), 1), (Path("fold-2"), 2)]
    assert chosen_folds("1", 3, 0) == [(Path("fold-1"), 1)]
    assert chosen_folds("whole", 3, 0) == [(Path("whole"), None)]
    for wrong in ("3", "every", "-1"):
        with pytest.raises(TriageError, match=f"no fold {wrong}: the folds are 0 to 2"):
            chosen_folds(wrong, 3, 0)


def test_a_run_of_folds_stands_for_the_models_of_all_of_them(tmp_path):
    for number in (0, 1, 10, 2):
        (tmp_path / f"fold-{number}" / "model").mkdir(parents=True)
    (tmp_path / "fold-notes").mkdir()
    assert [path.name for path in fold_runs(tmp_path)] == ["fold-0", "fold-1", "fold-2", "fold-10"]
    assert len(model_folders([tmp_path, tmp_path / "fold-1" / "model"])) == 5
    (tmp_path / "fold-2" / "model").rmdir()
    with pytest.raises(TriageError, match=r"fold-2 has no model yet: call rsna series"):
        model_folders([tmp_path])


def test_without_a_fold_that_judges_all_patients_are_fitted_on(tmp_path):
    series = tuple(cached_series(name, labels_of()[None]) for name in "abc")
    parts = split(Cache(tmp_path, Geometry(), series), {"a": 0, "b": 1, "c": 2}, None)
    assert (len(parts.fitting), parts.validation, parts.test) == (3, (), ())
