import zipfile

import pyarrow.csv as pa_csv
import pytest
from typer.testing import CliRunner

from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.train.cli import app
from triage_node.train.rsna.dataset.label_rows import LabelRowError
from triage_node.train.rsna.dataset.labels import import_labels
from triage_node.train.rsna.dataset.problems import ProblemCode
from triage_node.train.rsna.dataset.tables import read_labels


def rows_of(image: str, *positive: str) -> list[str]:
    return [f"{image}_{label},{int(label in positive)}" for label in LABELS]


def write_csv(folder, rows, header="ID,Label"):
    path = folder / "stage_2_train.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def labels_of(table) -> dict[str, list[str]]:
    return {row.pop("sop_instance_uid"): [name for name, is_set in row.items() if is_set] for row in table.to_pylist()}


def test_six_rows_become_one_sorted_by_image(tmp_path):
    csv = write_csv(tmp_path, [*rows_of("ID_b", "subdural", "any"), *rows_of("ID_a")])
    found = import_labels(csv)
    assert labels_of(found.labels.table) == {"ID_a": [], "ID_b": ["subdural", "any"]}
    assert list(labels_of(found.labels.table)) == ["ID_a", "ID_b"]
    assert found.problems == ()
    assert found.positive["subdural"] == 1


def test_repeated_rows_are_dropped_and_counted(tmp_path):
    found = import_labels(write_csv(tmp_path, rows_of("ID_a", "any") * 2))
    assert (found.rows, found.repeated, found.labels.table.num_rows) == (12, 6, 1)
    assert found.problems == ()


def test_of_conflicting_rows_the_positive_counts_and_is_listed(tmp_path):
    found = import_labels(write_csv(tmp_path, [*rows_of("ID_a", "epidural", "any"), "ID_a_epidural,0"]))
    assert labels_of(found.labels.table) == {"ID_a": ["epidural", "any"]}
    (problem,) = found.problems
    assert (problem.code, problem.image) == (ProblemCode.CONFLICTING_ROWS, "ID_a")


def test_the_corrupt_image_and_an_incomplete_one_are_left_out_and_listed(tmp_path):
    csv = write_csv(tmp_path, [*rows_of("ID_6431af929"), *rows_of("ID_b")[:5], *rows_of("ID_c")])
    found = import_labels(csv)
    assert list(labels_of(found.labels.table)) == ["ID_c"]
    assert {problem.image: problem.code for problem in found.problems} == {
        "ID_6431af929": ProblemCode.CORRUPT,
        "ID_b": ProblemCode.INCOMPLETE_LABELS,
    }


def test_any_is_true_wherever_a_type_is(tmp_path):
    found = import_labels(write_csv(tmp_path, rows_of("ID_a", "subdural")))
    assert labels_of(found.labels.table) == {"ID_a": ["subdural", "any"]}
    assert [problem.code for problem in found.problems] == [ProblemCode.TYPE_WITHOUT_ANY]


@pytest.mark.parametrize(
    ("rows", "header", "row", "words"),
    [
        (["ID_a,0"], "ID,Value", 1, "the column Label is missing"),
        ([*rows_of("ID_a"), "ID_b_stroke,0"], "ID,Label", 8, "'stroke' is not one of epidural"),
        ([*rows_of("ID_a"), "ID_b_any,0.5"], "ID,Label", 8, "Label must be 0 or 1, got '0.5'"),
        ([*rows_of("ID_a"), "any,0"], "ID,Label", 8, "'any' is no image and label"),
        ([*rows_of("ID_a"), "ID_b_any,0,1"], "ID,Label", 8, "3 columns, not 2"),
        ([*rows_of("ID_a"), "ID_b_any"], "ID,Label", 8, "1 columns, not 2"),
        ([], "ID,Label", 2, "no row after the header"),
    ],
)
def test_a_bad_row_is_named(tmp_path, rows, header, row, words):
    with pytest.raises(LabelRowError, match=words) as error:
        import_labels(write_csv(tmp_path, rows, header))
    assert f"stage_2_train.csv, row {row}:" in str(error.value)


def test_the_row_is_counted_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("triage_node.train.rsna.dataset.label_rows.BLOCK_BYTES", 4096)
    rows = [row for number in range(500) for row in rows_of(f"ID_{number:09x}")]
    rows[2345] = "ID_x_any,yes"
    with pytest.raises(LabelRowError, match=r"row 2347: Label must be 0 or 1, got 'yes'"):
        import_labels(write_csv(tmp_path, rows))
    rows[2345] = "ID_x_any,1,1"
    with pytest.raises(LabelRowError, match=r"row 2347: it has 3 columns"):
        import_labels(write_csv(tmp_path, rows))


def test_the_command_writes_both_tables_and_the_flaws(tmp_path):
    csv = write_csv(tmp_path, [*rows_of("ID_a", "epidural", "any"), "ID_a_epidural,0"])
    result = CliRunner().invoke(app, ["rsna", "labels", str(csv), "--out", str(tmp_path / "tables")])
    assert result.exit_code == 0, result.output
    table = read_labels(tmp_path / "tables").table
    assert labels_of(table) == {"ID_a": ["epidural", "any"]}
    assert (tmp_path / "tables" / "labels.csv").read_text().splitlines()[1] == "ID_a,1,0,0,0,0,1"
    flaws = pa_csv.read_csv(tmp_path / "tables" / "labels-problems.csv").to_pylist()
    assert [flaw["image"] for flaw in flaws] == ["ID_a"]


def test_the_zip_that_kaggle_serves_is_read_as_its_csv(tmp_path):
    rows = "ID,Label\n" + "".join(f"ID_1_{label},{int(label == 'any')}\n" for label in LABELS)
    (tmp_path / "stage_2_train.csv").write_text(rows)
    with zipfile.ZipFile(tmp_path / "stage_2_train.csv.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(tmp_path / "stage_2_train.csv", "stage_2_train.csv")
    found, expected = (import_labels(tmp_path / name) for name in ("stage_2_train.csv.zip", "stage_2_train.csv"))
    assert found.labels.table.equals(expected.labels.table)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as packed:
        for name in ("a.csv", "b.csv"):
            packed.writestr(name, rows)
    with pytest.raises(TriageError, match="holds 2 CSV files, not one"):
        import_labels(tmp_path / "two.zip")
