import numpy as np
import pytest
from rsna_sets import cached_series, labels_of

from triage_node.errors import TriageError
from triage_node.train.rsna.fitting.folds import patient_labels, patients_in, read_folds, stratified_folds, write_folds


def series_of(count):
    rng = np.random.default_rng(1)
    kinds = [(), (), (), ("subdural",), ("subarachnoid",), ("epidural", "subdural")]
    return [
        cached_series(f"p{k:03d}", np.stack([labels_of(*kinds[k % 6])] * int(rng.integers(4, 9)))) for k in range(count)
    ]


def test_every_patient_has_one_fold_and_every_fold_its_share():
    labels = patient_labels(series_of(120))
    dealt = stratified_folds(labels, 5, seed=0)
    assert dealt.keys() == labels.keys()
    totals = np.array([sum(labels[name] for name, fold in dealt.items() if fold == k) for k in range(5)])
    patients = np.bincount(list(dealt.values()))
    assert patients.max() - patients.min() <= 2
    present = totals.sum(axis=0) > 0
    assert np.all(totals[:, present] >= 0.8 * totals[:, present].mean(axis=0)), totals


def test_folds_are_the_same_for_the_same_seed_and_order_of_series():
    series = series_of(40)
    first = stratified_folds(patient_labels(series), 4, seed=3)
    assert stratified_folds(patient_labels(series[::-1]), 4, seed=3) == first
    assert stratified_folds(patient_labels(series), 4, seed=4) != first


def test_series_of_one_patient_stay_together():
    series = [cached_series("p", np.stack([labels_of()] * 3)), cached_series("p", np.stack([labels_of("subdural")]))]
    assert patient_labels(series)["p"].tolist() == [0, 0, 0, 0, 1, 1, 3]


def test_a_written_file_reads_back(tmp_path):
    dealt = {"ID_a": 0, "ID_b": 1}
    write_folds(tmp_path / "folds.csv", dealt)
    assert read_folds(tmp_path / "folds.csv") == dealt
    assert patients_in(dealt, {1}) == {"ID_b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("patient,fold\na,0\n", "columns patient_id and fold"),
        ("patient_id,fold\na,0\nb,two\n", "row 3: the fold must be a whole number, got 'two'"),
        ("patient_id,fold\na\n", "row 2"),
    ],
)
def test_a_bad_file_is_named_with_its_row(tmp_path, text, words):
    (tmp_path / "folds.csv").write_text(text)
    with pytest.raises(TriageError, match=words):
        read_folds(tmp_path / "folds.csv")


def test_too_few_patients_and_unknown_folds_are_refused(tmp_path):
    with pytest.raises(TriageError, match="2 labeled patients cannot be dealt into 3 folds"):
        stratified_folds(dict.fromkeys(("a", "b"), np.ones(7, int)), 3, 0)
    with pytest.raises(TriageError, match="no fold 5"):
        patients_in({"a": 0}, {5})
    with pytest.raises(TriageError, match="make it with rsna folds"):
        read_folds(tmp_path / "folds.csv")
