import shutil
import subprocess
from dataclasses import replace

import pytest
from pydicom import dcmread

from triage_node.findings import Label
from triage_node.report import BestSlice, build_report, report_variants

pytestmark = pytest.mark.slow

CHARACTER_SETS = {
    "latin": ("ISO_IR 100", "Müller^Jörg"),
    "utf-8": ("ISO_IR 192", "Wang^XiaoDong=王^小東=왕^소동"),
    "gb18030": ("GB18030", "Wang^XiaoDong=王^小东"),
    "gbk": ("GBK", "Zhang^San=張^三"),
    "kanji": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "katakana": (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    "hangul": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    "cyrillic": ("ISO_IR 144", "Люксембург^Жанна"),
    "greek": ("ISO_IR 126", "Διονυσιος^A"),
}


def test_validators_accept_every_variant(content, complaints_of):
    for variant in report_variants(build_report(content)):
        assert complaints_of(variant) == []


def test_validators_accept_everything_a_report_may_refer_to(flagged, not_analyzed, make_source, complaints_of):
    enhanced = make_source(9, SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1")
    other = make_source(50, StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1")
    best = BestSlice(enhanced.SOPInstanceUID, enhanced.SOPClassUID, 7)
    content = replace(
        flagged,
        sources=(*flagged.sources, enhanced, other),
        best_slices={Label.SUBDURAL: best},
        predecessor=build_report(not_analyzed),
    )
    for variant in report_variants(build_report(content)):
        assert complaints_of(variant) == []


def test_validators_accept_the_least_a_header_may_hold(content, make_source, complaints_of):
    bare = make_source(PatientName=None, PatientID=None, PatientBirthDate=None, PatientSex=None, StudyDate=None)
    del bare.StudyTime, bare.StudyID, bare.AccessionNumber, bare.ReferringPhysicianName
    report = build_report(replace(content, sources=(bare,), best_slices={}))
    assert complaints_of(report) == []
    assert [report[keyword].value for keyword in ("StudyDate", "StudyID", "PatientID")] == ["", "", ""]


@pytest.mark.parametrize("name", [name for name in CHARACTER_SETS if name != "gbk"])  # dciodvfy knows no GBK
def test_validators_accept_every_character_set(name, flagged, make_source, complaints_of):
    terms, patient = CHARACTER_SETS[name]
    source = make_source(SpecificCharacterSet=terms, PatientName=patient)
    report = build_report(replace(flagged, sources=(source,), best_slices={}))
    assert str(report.PatientName) == patient
    assert complaints_of(report) == []


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="dcmdump is not installed")
@pytest.mark.parametrize("name", CHARACTER_SETS)
def test_dcmtk_reads_the_same_bytes_as_in_the_source(name, flagged, make_source, tmp_path):
    terms, patient = CHARACTER_SETS[name]
    source = make_source(SpecificCharacterSet=terms, PatientName=patient)
    source.save_as(tmp_path / "source.dcm", implicit_vr=False, little_endian=True)
    received = dcmread(tmp_path / "source.dcm", force=True)
    report = build_report(replace(flagged, sources=(received,), best_slices={}))
    report.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    lines = [_dumped(tmp_path / file, "PatientName") for file in ("source.dcm", "report.dcm")]
    assert lines[0] == lines[1] != b""


def _dumped(path, keyword):
    arguments = ["dcmdump", "-q", *(["-f"] if path.stem == "source" else []), "+P", keyword, str(path)]
    return subprocess.run(arguments, capture_output=True, check=True, timeout=60).stdout
