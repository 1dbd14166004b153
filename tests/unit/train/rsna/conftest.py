"""A generated set in the competition's form, small, made once."""

from pathlib import Path

import pytest
from indexing import indexed

from triage_node.train.rsna.dataset.labels import import_labels
from triage_node.train.rsna.dataset.problems import Problem
from triage_node.train.rsna.dataset.tables import Index, Labels
from triage_node.train.rsna.synthetic.generate import plan_set, write_csv_files, write_study

SEED, TRAIN, TEST, SIZE = 3, 3, 1, 64


@pytest.fixture(scope="session")
def generated_set(tmp_path_factory, atlas) -> Path:
    """Three studies with labels and one without, of 64 x 64, made in this process."""
    folder = tmp_path_factory.mktemp("rsna")
    planned = plan_set(SEED, TRAIN, TEST, SIZE)
    for study in planned:
        write_study(folder, study, atlas)
    write_csv_files(folder, planned)
    return folder


@pytest.fixture(scope="session")
def labels(generated_set) -> Labels:
    """Labels of the generated set."""
    return import_labels(generated_set / "stage_2_train.csv").labels


@pytest.fixture(scope="session")
def indexed_set(generated_set, labels, tmp_path_factory) -> tuple[Index, list[Problem]]:
    """Index of its labeled images, and what is wrong with them."""
    return indexed(generated_set, tmp_path_factory.mktemp("index"), labels, "stage_2_train")
