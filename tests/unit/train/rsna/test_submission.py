import numpy as np
import pytest

from triage_node.errors import TriageError
from triage_node.train.rsna.evaluation.submission import write_submission

SCORES = {"ID_b": np.linspace(0, 1, 6), "ID_a": np.full(6, 0.25)}


def test_an_image_has_six_rows_in_the_order_of_the_competition(tmp_path):
    assert write_submission(tmp_path / "out.csv", SCORES) == 12
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[:3] == ["ID,Label", "ID_a_epidural,0.250000", "ID_a_intraparenchymal,0.250000"]
    assert lines[-1] == "ID_b_any,1.000000"


def test_a_sample_decides_rows_and_order(tmp_path):
    sample = tmp_path / "sample.csv"
    sample.write_text("ID,Label\nID_b_any,0.5\nID_b_epidural,0.5\n")
    assert write_submission(tmp_path / "out.csv", SCORES, sample) == 2
    assert (tmp_path / "out.csv").read_text() == "ID,Label\nID_b_any,1.000000\nID_b_epidural,0.000000\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ID,Label\nID_b_any,0.5\nID_x_any,0.5\n", r"sample.csv, row 3: the image ID_x is not in the shards"),
        ("ID,Label\nID_b_stroke,0.5\n", r"row 2: 'ID_b_stroke' names no image and label"),
        ("Image,Label\nID_b_any,0.5\n", "row 1: the column ID is missing"),
    ],
)
def test_a_bad_sample_is_named_and_leaves_no_file(tmp_path, text, words):
    (tmp_path / "sample.csv").write_text(text)
    with pytest.raises(TriageError, match=words):
        write_submission(tmp_path / "out.csv", SCORES, tmp_path / "sample.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["sample.csv"]
