import numpy as np
import pytest

from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.models.preprocessing import Geometry
from triage_node.train.calibration.conformal import UNCOUNTED
from triage_node.train.phantom.dicom_series import write_series
from triage_node.train.site.cases import checked_labels, read_cases
from triage_node.train.site.labels import LabelFileError, read_site_labels

NONE, EPIDURAL = "0,0,0,0,0,0", "1,0,0,0,0,1"
SIX = ",".join(LABELS)


def written(tmp_path, header, *rows):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([f"{header},{SIX}", *rows]) + "\n", encoding="utf-8")
    return path


def test_slice_rows_make_a_study(tmp_path):
    rows = [f"a,1,{NONE}", f"a,2,{EPIDURAL}", f"b,1,{NONE}"]
    first, second = read_site_labels(written(tmp_path, "patient,slice", *rows))
    assert (first.patient, first.folder, set(first.slices)) == ("a", "a", {1, 2})
    assert first.any_of_all.tolist() == [1, 0, 0, 0, 0, 1]
    assert not second.any_of_all.any()


def test_study_rows_and_folders(tmp_path):
    rows = [f"a,one,{NONE}", f"a,two,{EPIDURAL}"]
    found = read_site_labels(written(tmp_path, "patient,folder", *rows))
    assert [(study.patient, study.folder) for study in found] == [("a", "one"), ("a", "two")]
    assert found[1].study.tolist() == [1, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("header", "rows", "sentence"),
    [
        ("name", [f"a,{NONE}"], "line 1: the columns patient are missing"),
        ("patient", [], "line 1: there is no labeled study"),
        ("patient", [f",{NONE}"], "line 2: the patient is missing"),
        ("patient", ["a,0,0,0,0,0,2"], "line 2: any must be 0 or 1, got '2'"),
        ("patient", ["a,1,0,0,0,0,0"], "line 2: a type is 1 but any is 0"),
        ("patient", [f"a,{NONE}", f"a,{EPIDURAL}"], "line 3: its labels contradict"),
        ("patient,slice", [f"a,x,{NONE}"], "line 2: slice must be an Instance Number, got 'x'"),
        ("patient,slice", [f"a,1,{NONE}", f"a,1,{EPIDURAL}"], "line 3: its labels contradict"),
        ("patient,sop_instance_uid", [f"a,,{NONE}"], "line 2: sop_instance_uid is empty"),
        ("patient,folder", [f"a,../x,{NONE}"], "line 2: the folder lies outside"),
        ("patient,folder", [f"a,x,{NONE}", f"b,x,{NONE}"], "line 3: the folder belongs to another patient in line 2"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path, header, rows, sentence):
    with pytest.raises(LabelFileError, match=f"labels.csv, {sentence}"):
        read_site_labels(written(tmp_path, header, *rows))


def test_a_study_without_a_folder_or_without_dicom_is_named(tmp_path):
    path = written(tmp_path, "patient", f"a,{NONE}")
    with pytest.raises(LabelFileError, match="line 2: there is no folder 'a'"):
        checked_labels(path, tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(LabelFileError, match=r"line 2: .*holds no DICOM series"):
        list(read_cases(path, tmp_path, Geometry()))


@pytest.mark.slow
def test_labels_meet_the_slices_they_name(tmp_path, atlas):
    write_series(tmp_path / "a", 1, size=128, slice_mm=7.0, atlas=atlas)
    rows = [f"a,{number},{EPIDURAL if number == 9 else NONE}" for number in range(3, 12)]
    [case] = read_cases(written(tmp_path, "patient,slice", *rows), tmp_path, Geometry())
    assert case.known.sum() == 9
    assert case.labels[:, 0].sum() == case.labels[:, -1].sum() == 1
    assert not case.labels[~case.known].any()
    assert case.study_labels.tolist() == [1, 0, 0, 0, 0, 1]
    labels, known = case.slabs()
    assert len(labels) == len(known) == len(case.head.hu)
    assert np.isfinite(case.area_cm2).all()
    wrong = written(tmp_path, "patient,slice", f"a,999,{NONE}")
    with pytest.raises(LabelFileError, match="none of the labeled slices"):
        list(read_cases(wrong, tmp_path, Geometry()))


def test_a_type_that_nobody_told_counts_neither_way(tmp_path):
    rows = ["a,1,,,,0,1", "b,,,,,,0", f"c,{NONE}"]
    first, second, third = read_site_labels(written(tmp_path, "patient", *rows))
    assert first.study.tolist() == [1, UNCOUNTED, UNCOUNTED, UNCOUNTED, 0, 1]
    assert second.study.tolist() == third.study.tolist() == [0] * 6


@pytest.mark.parametrize(
    ("header", "row", "sentence"),
    [("patient", "a,,,,,,", "any must be 0 or 1"), ("patient,slice", "a,1,,,,,,1", "epidural must be 0 or 1")],
)
def test_any_and_the_labels_of_a_slice_have_to_be_told(tmp_path, header, row, sentence):
    with pytest.raises(LabelFileError, match=sentence):
        read_site_labels(written(tmp_path, header, row))


def test_a_file_of_another_encoding_is_one_sentence_with_its_line(tmp_path):
    rows = f"patient,{','.join(LABELS)}\nmüller,0,0,0,0,0,0\n"
    path = tmp_path / "labels.csv"
    path.write_bytes(rows.encode("cp1252"))
    with pytest.raises(TriageError, match=r"labels\.csv, line 2: it is not UTF-8\. Save it as CSV UTF-8\."):
        read_site_labels(path)
    path.write_bytes(rows.encode("utf-8-sig"))
    assert read_site_labels(path)[0].patient == "müller"
