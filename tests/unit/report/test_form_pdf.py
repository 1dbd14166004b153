"""The PDF: what it says, in whose characters, and that the same report gives the same bytes."""

import io
import unicodedata
from dataclasses import replace

import hypothesis
import pytest
from hypothesis import strategies as st
from pypdf import PdfReader

from triage_node.report import SourceNames, build_report, pdf_document
from triage_node.report.forms import pdf
from triage_node.report.forms.pdf import NOTE, as_pdf
from triage_node.report.forms.reading import readable
from triage_node.report.forms.sheet import sheet, visible

NAMES = {
    "japanese": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "korean": "Hong^Gildong=洪^吉洞=홍^길동",
    "chinese": "Wang^XiaoDong=王^小东",
    "cyrillic": "Люксембург^Юрий",
    "greek": "Διονυσιος",
    "vietnamese": "Nguyễn^Hồng",
    "armenian": "Հակոբյան",
}
RIGHT_TO_LEFT = {"hebrew": "שרון^דבורה", "arabic": "قباني^لنزار"}


def words_of(document: bytes) -> list[str]:
    """Return the words of all pages in their order; where lines break is no matter."""
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)
    return unicodedata.normalize("NFC", text.replace("\u200b", "")).split()


def squeezed(text: str) -> str:
    return "".join(text.split())


def named(flagged, make_source, name, **values):
    source = make_source(1, PatientName=name, SpecificCharacterSet="ISO_IR 192", **values)
    return readable(build_report(replace(flagged, sources=(source,))))


def test_it_says_all_that_the_page_says(content):
    report, names = build_report(content), SourceNames.of(content.sources)
    page = sheet(readable(report, names, 2))
    shown = squeezed(" ".join(words_of(pdf_document(report, names, 2))))
    facts = [fact for section in (page.patient, *page.sections) for fact in section.facts]
    cells = [cell for row in page.rows for cell in row.cells]
    for text in (page.headline, page.sentence, page.disclaimer, *cells, *(text for fact in facts for text in fact)):
        assert squeezed(text) in shown, text


def test_the_same_report_gives_the_same_bytes(content):
    report = build_report(content)
    assert pdf_document(report) == pdf_document(report)
    information = PdfReader(io.BytesIO(pdf_document(report))).metadata
    assert information.creation_date == content.created_at


def test_it_is_for_archives_and_screen_readers_and_holds_its_fonts(flagged):
    document = PdfReader(io.BytesIO(pdf_document(build_report(flagged))))
    assert document.xmp_metadata.pdfaid_part == "2"
    assert document.xmp_metadata.pdfaid_conformance == "A"
    assert document.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert document.trailer["/Root"]["/Lang"] == "en"
    fonts = document.pages[0]["/Resources"]["/Font"]
    for font in fonts.values():
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert "/FontFile2" in descriptor or "/FontFile3" in descriptor


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_of_the_world_are_in_it(flagged, make_source, name):
    read = named(flagged, make_source, name)
    words = words_of(as_pdf(read))
    for part in str(read.patient.name).split():
        assert part in words
    assert "[U+" not in " ".join(words)


@pytest.mark.parametrize("name", RIGHT_TO_LEFT.values(), ids=RIGHT_TO_LEFT)
def test_names_from_right_to_left_have_all_their_letters(flagged, make_source, name):
    text = " ".join(words_of(as_pdf(named(flagged, make_source, name))))
    assert set(name) - {"^"} <= set(text)
    assert "[U+" not in text


def test_a_character_without_a_font_is_named_and_never_left_out(flagged, make_source):
    text = " ".join(words_of(as_pdf(named(flagged, make_source, "Doe^\U00013000Jane山"))))
    assert "Doe,[U+13000]Jane山" in squeezed(text)
    assert NOTE in text


def test_what_fonts_have_and_cannot_join_is_named_too(flagged, make_source, monkeypatch):
    monkeypatch.setattr(pdf, "_is_shown", lambda character: True)
    text = squeezed(" ".join(words_of(as_pdf(named(flagged, make_source, "Doe^\U00013000山")))))
    assert "Doe,[U+13000][U+5C71]" in text
    assert squeezed(NOTE) in text


def test_long_sentences_break_between_words_and_long_uids_anywhere(flagged):
    sentence = " ".join(f"{word}sentence" for word in "abcdefghijklmnopqrstuvwxyz")
    uid = "2.25." + "1" * 59
    document = as_pdf(readable(build_report(replace(flagged, series_analyzed=f"{sentence} {uid}{uid}"))))
    words = words_of(document)
    assert [word for word in words if word.endswith("sentence")] == sentence.split()
    assert f"{uid}{uid}" not in words
    assert f"{uid}{uid}" in squeezed(" ".join(words))


def test_what_looks_like_markup_is_text(flagged, make_source):
    name = "#evil[x]^*b* $a$ //c"
    text = " ".join(words_of(as_pdf(named(flagged, make_source, name, StudyDescription="<script>#import 'x'"))))
    assert "#evil[x], *b* $a$ //c" in text
    assert "<script>#import 'x'" in text


def test_text_shown_in_another_order_is_marked(flagged, make_source):
    text = " ".join(words_of(as_pdf(named(flagged, make_source, "Doe^\u202eenaJ"))))
    assert "Doe, ?enaJ" in text


def test_any_text_gives_a_document_that_leaves_nothing_out_unsaid(flagged, seed):
    read = readable(build_report(flagged))

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=20, deadline=None, database=None)
    @hypothesis.given(st.text(max_size=24))
    def draw(text):
        shown = " ".join(words_of(as_pdf(replace(read, study=replace(read.study, description=text)))))
        for word in visible(text).split():
            if word.isascii():
                assert word in shown

    draw()
