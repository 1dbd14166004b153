import cv2
import numpy as np
import pyarrow as pa
import pytest

from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.train.rsna.dataset.images import open_images
from triage_node.train.rsna.dataset.tables import Index
from triage_node.train.rsna.exploration.figures import HEIGHT_BINS, explore
from triage_node.train.rsna.exploration.gray_values import GROUPS, HU_EDGES, NONE, GrayValues, look_at, sample_rows
from triage_node.train.rsna.exploration.pictures import draw
from triage_node.train.rsna.exploration.report import CAPTIONS, write_report

pytestmark = pytest.mark.slow


def table_of(*rows: tuple[str, str, float, str]) -> pa.Table:
    """Return the columns of an index that are counted: patient, study (and its series), position, labels."""
    patients, studies, positions, label_texts = zip(*rows, strict=True)
    columns = {"patient_id": patients, "study_instance_uid": studies, "series_instance_uid": studies}
    columns |= {"position_mm": positions, "has_label": [words != "?" for words in label_texts]}
    columns |= {
        str(label): [None if words == "?" else label in words.split() for words in label_texts] for label in LABELS
    }
    return pa.table({name: pa.array(list(values)) for name, values in columns.items()})


TABLE = table_of(
    ("P1", "S1", 0.0, ""),
    ("P1", "S1", 5.0, "subdural any"),
    ("P1", "S1", 10.0, "subdural epidural any"),
    ("P1", "S2", -50.0, ""),
    ("P2", "S3", 7.0, "epidural any"),
    ("P3", "S4", 7.0, "?"),
)


def test_images_and_studies_are_counted():
    found = explore(TABLE)
    assert (found.images, found.labeled, found.studies, found.patients) == (6, 5, 3, 2)
    assert dict(zip(LABELS, found.positive_images.tolist(), strict=True))["subdural"] == 2
    assert dict(zip(LABELS, found.positive_studies.tolist(), strict=True)) == {
        "epidural": 2, "intraparenchymal": 0, "intraventricular": 0, "subarachnoid": 0, "subdural": 1, "any": 2,
    }  # fmt: skip
    assert sorted(found.slices.tolist()) == [1, 1, 3]


def test_together_is_the_share_of_the_row_that_has_the_column():
    together = explore(TABLE).together
    epidural, subdural = 0, 4
    assert together[epidural, subdural] == 0.5
    assert together[subdural, epidural] == 0.5
    assert together[subdural, 5] == 1
    assert np.isnan(together[1]).all()


def test_positives_lie_between_the_lowest_and_the_highest_slice():
    by_height = explore(TABLE).by_height
    assert by_height.shape == (HEIGHT_BINS, 6)
    assert by_height[-1, 4] == 1
    assert by_height[HEIGHT_BINS // 2, 4] == 1
    assert by_height[0, 0] == pytest.approx(1 / 3)


def test_an_index_without_labels_is_one_sentence():
    with pytest.raises(TriageError, match="--labels"):
        explore(table_of(("P1", "S1", 0.0, "?")))


def test_a_sample_takes_every_patient_before_one_twice():
    rows = [("P1", "S1", float(k), "epidural any") for k in range(30)] + [("P2", "S2", 0.0, "epidural any")]
    chosen = sample_rows(table_of(*rows, ("P3", "S3", 0.0, "")), 14, seed=1)
    epidural = [row for row, groups in chosen.items() if "epidural" in groups]
    assert len(epidural) == 2
    assert 30 in epidural


def test_images_without_hemorrhage_come_from_where_it_is():
    rows = [("P1", "S1", float(k), "any" if 40 <= k < 50 else "") for k in range(100)]
    rows += [(f"P{k}", f"S{k}", float(z), "") for k in range(2, 9) for z in range(100)]
    chosen = sample_rows(table_of(*rows), 70, seed=2)
    heights = [row % 100 for row, groups in chosen.items() if "none" in groups]
    assert len(heights) == 10
    assert all(39 <= height <= 50 for height in heights)


@pytest.fixture(scope="session")
def index(indexed_set) -> Index:
    return indexed_set[0]


@pytest.fixture(scope="session")
def seen(index) -> GrayValues:
    found = GrayValues()
    with open_images(index.images) as images:
        assert len(list(look_at(images, index.table, sample_rows(index.table, 70, 0), found))) > 10
    return found


def test_gray_values_are_those_of_the_head(seen):
    peak = HU_EDGES[np.argmax(seen.histograms[NONE])]
    assert 20 <= peak <= 45
    assert seen.counts[NONE] > 5
    assert seen.unreadable == {}


def test_what_cannot_be_decoded_is_named(index, generated_set):
    (cut_off,) = (path for path in (generated_set / "stage_2_train").glob("*.dcm") if path.stat().st_size < 8000)
    source = f"stage_2_train/{cut_off.name}"
    table, found = pa.table({"source": [source]}), GrayValues()
    with open_images(generated_set) as images:
        list(look_at(images, table, {0: [NONE]}, found))
    assert list(found.unreadable) == [source]
    assert found.counts == dict.fromkeys(GROUPS, 0)


def test_the_report_is_one_page_with_every_picture(index, seen, tmp_path):
    found = explore(index.table)
    pictures = dict(draw(found, seen, dpi=40))
    assert set(pictures) == set(CAPTIONS)
    page = write_report(tmp_path, index, found, seen, pictures).read_text()
    assert page.count("data:image/png;base64,") == len(pictures)
    assert "http" not in page
    assert all(cv2.imread(str(tmp_path / f"{name}.png")).std() > 5 for name in pictures)
