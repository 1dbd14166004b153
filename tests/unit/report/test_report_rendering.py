"""Any Structured Report as text and HTML, whatever is in it."""

import re
from html.parser import HTMLParser
from io import BytesIO

import pytest
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from triage_node.report import build_report, summarize
from triage_node.report.rendering import as_html, as_text


class Balanced(HTMLParser):
    """Lists are closed as they are opened, and nothing runs."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag in ("ul", "html", "body", "table"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("ul", "html", "body", "table"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def parsed(page):
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    return parser


def item(kind, name, **values):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "99X", name
    made = Dataset()
    made.ValueType, made.ConceptNameCodeSequence = kind, [code]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def test_all_that_a_report_says_is_in_both(content):
    report = build_report(content)
    text, page = as_text(report), parsed(as_html(report))
    for words in (
        "Triage notification", "Doe^Jane", "PID-7", "UNVERIFIED", report.SOPInstanceUID,
        "Notification only, not for diagnosis. Read the images as always.",
    ):  # fmt: skip
        assert words in text
        assert words in page.text
    assert len(re.findall("Measurement Group", text)) == (0 if content.prediction is None else 6)
    assert not page.tags & {"script", "a", "img", "style", "link"}


def test_every_kind_of_item_is_shown():
    unit, reference = Dataset(), Dataset()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "mm", "UCUM", "millimeter"
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "12.5", [unit]
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    report = item("CONTAINER", "Root", PatientName="<b>Doe</b>")
    report.ContentSequence = [
        item("TEXT", "Note", TextValue="one\r\ntwo <script>alert(1)</script>"),
        item("NUM", "Length", MeasuredValueSequence=[measured]),
        item("CODE", "Site", ConceptCodeSequence=[unit]),
        item("PNAME", "Observer", PersonName="House^G"),
        item("DATE", "Day", Date="20260301"),
        item("UIDREF", "Name", UID="1.9.9"),
        item("CONTAINER", "Inner", ContentSequence=[item("IMAGE", "Slice", ReferencedSOPSequence=[reference])]),
        item("SCOORD", "Outline"),
    ]
    text, page = as_text(report), as_html(report)
    for words in ("Length: 12.5 mm", "Site: millimeter", "Observer: House^G", "Day: 20260301", "Name: 1.9.9",
                  "Note: one\n  two", "Inner\n  Slice: CT Image Storage 1.2.3\nOutline"):  # fmt: skip
        assert words in text
    assert "<script>" not in page
    assert "<b>Doe" not in page
    assert "&lt;b&gt;Doe" in page
    parsed(page)


@pytest.mark.parametrize("depth", [3, 60])
def test_nonsense_is_shown_as_far_as_it_goes(depth):
    report = Dataset()
    at = report
    for _ in range(depth):
        at.ContentSequence = [Dataset(), Dataset()]
        at = at.ContentSequence[1]
    assert as_text(report).startswith("Structured Report")
    parsed(as_html(report))
    parsed(as_html(Dataset()))


def test_a_sequence_that_ends_in_its_midst_is_left_out():
    inner = b"\x40\0\x30\xa7SQ\0\0\x04\0\0\0abcd"
    outer = (
        b"\x40\0\x30\xa7SQ\0\0" + bytes([len(inner) + 8, 0, 0, 0]) + b"\xfe\xff\0\xe0" + bytes([len(inner), 0, 0, 0])
    )
    report = read_dataset(BytesIO(outer + inner), is_implicit_VR=False, is_little_endian=True)
    assert as_text(report).startswith("Structured Report")
    parsed(as_html(report))
    assert summarize(report).labels == ()
