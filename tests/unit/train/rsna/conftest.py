"""A generated set in the competition's form, small, made once."""

from pathlib import Path

import pytest

from triage_node.train.rsna.generate import plan_set, write_csv_files, write_study

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
