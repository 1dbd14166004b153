"""Files that are no report, or made to do harm: one sentence, and an end."""

import io
import random
import struct

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage
from report_contents import flagged_content

from triage_node.report import as_measurement_report, build_report
from triage_node.report_check import Kind, check_file, check_report, content_item
from triage_node.report_check.check import LARGEST_BYTES

SEQUENCE = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)
ITEM, EMPTY_ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF), struct.pack("<HHI", 0xFFFE, 0xE000, 0)
ITEM_END, SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE00D, 0), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


@pytest.fixture(scope="module")
def report() -> Dataset:
    return as_measurement_report(build_report(flagged_content()))


def written(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture
def only_complaint(tmp_path):
    def check(content: bytes):
        path = tmp_path / "file.dcm"
        path.write_bytes(content)
        [complaint] = check_file(path).complaints
        return complaint

    return check


@pytest.fixture(scope="module")
def without_content(report) -> bytes:
    bare = Dataset()
    bare.update({element.tag: element for element in report if element.keyword != "ContentSequence"})
    bare.file_meta = report.file_meta
    return written(bare)


def test_a_sound_file_has_no_complaint(tmp_path, report):
    path = tmp_path / "report.dcm"
    path.write_bytes(written(report))
    checked = check_file(path)
    assert (checked.complaints, checked.errors, checked.warnings) == ((), 0, 0)
    assert (checked.sop_class, checked.template) == ("Comprehensive 3D SR Storage", "1500")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 128 + b"DICM", b"\xff" * 4096])
def test_no_dicom_is_said_to_be_none(only_complaint, content):
    assert only_complaint(content).kind is Kind.UNREADABLE


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_report_that_is_cut_off_is_not_sound(only_complaint, report, share):
    content = written(report)
    complaint = only_complaint(content[: int(len(content) * share)])
    assert (complaint.kind, complaint.message) == (Kind.UNREADABLE, "The file is cut off.")


def test_an_image_is_no_report(report):
    image = Dataset()
    image.SOPClassUID = SecondaryCaptureImageStorage
    [complaint] = check_report(image)[0]
    assert complaint.kind is Kind.NO_REPORT
    assert "Secondary Capture Image Storage" in complaint.message
    assert check_report(Dataset())[0][0].kind is Kind.NO_REPORT


def test_a_file_larger_than_any_report_is_not_read(tmp_path):
    path = tmp_path / "large.dcm"
    with path.open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    [complaint] = check_file(path).complaints
    assert str(LARGEST_BYTES) in complaint.message


def test_a_file_that_is_not_there_is_a_complaint(tmp_path):
    [complaint] = check_file(tmp_path / "none.dcm").complaints
    assert "No such file" in complaint.message


@pytest.mark.parametrize(("depth", "kind"), [(40, Kind.BOUND), (5000, Kind.UNREADABLE)])
def test_a_tree_without_end_has_one(only_complaint, without_content, depth, kind):
    nested = SEQUENCE + ITEM
    complaint = only_complaint(without_content + nested * depth + (ITEM_END + SEQUENCE_END) * depth)
    assert complaint.kind is kind


def test_more_items_than_a_report_has_are_not_checked(only_complaint, without_content, monkeypatch):
    monkeypatch.setattr(content_item, "MOST_ITEMS", 500)
    complaint = only_complaint(without_content + SEQUENCE + EMPTY_ITEM * 500 + SEQUENCE_END)
    assert (complaint.kind, "500" in complaint.message) == (Kind.BOUND, True)


def test_complaints_come_to_an_end(tmp_path, without_content):
    path = tmp_path / "file.dcm"
    path.write_bytes(without_content + SEQUENCE + EMPTY_ITEM * 3000 + SEQUENCE_END)
    complaints = check_file(path).complaints
    assert len(complaints) == 1001
    assert complaints[-1].kind is Kind.BOUND


def test_values_of_any_kind_are_read_as_far_as_they_go(report):
    report = Dataset.from_json(report.to_json())
    item = report.ContentSequence[0]
    item.add_new("ValueType", "SQ", [Dataset()])
    item.add_new("ConceptNameCodeSequence", "LO", "no sequence")
    item.add_new("ReferencedContentItemIdentifier", "LO", "x")
    assert {each.kind for each in check_report(report)[0]} >= {Kind.ATTRIBUTE}


def test_an_element_that_cannot_be_read_is_not_taken_for_one_that_is_not_there(tmp_path, without_content):
    odd = struct.pack("<HH2sH3s", 0x0040, 0xDB73, b"UL", 3, b"abc")
    path = tmp_path / "file.dcm"
    path.write_bytes(without_content + SEQUENCE + ITEM + odd + ITEM_END + SEQUENCE_END)
    [unread] = [each for each in check_file(path).complaints if each.kind is Kind.UNREADABLE]
    assert (unread.path, unread.message) == ("1.1 item without value type", "The element (0040,DB73) cannot be read.")


def test_no_damage_stops_the_checker(seed, tmp_path, report):
    chance, content = random.Random(seed), written(report)
    path = tmp_path / "damaged.dcm"
    for _ in range(30):
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 3, 30])):
            damaged[chance.randrange(132, len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        assert all(each.message for each in check_file(path).complaints)


def test_what_is_printed_has_no_commands_to_a_terminal(report):
    report = Dataset.from_json(report.to_json())
    report.ContentSequence[0].ConceptNameCodeSequence[0].CodeMeaning = "\x1b[2Jgone"
    report.ContentSequence[0].ConceptCodeSequence = []
    assert not any("\x1b" in each.path + each.message for each in check_report(report)[0])
