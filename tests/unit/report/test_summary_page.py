"""The page as it is drawn: what stands on it, that all of it fits, and that the slices are bare."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from triage_node.findings import LABELS, Decision, Label
from triage_node.imaging import SourceSlice
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import ShownSlice, build_report, shown_slices
from triage_node.report.page import draw_page
from triage_node.report.page.palette import ANSWERS, GROUND, RAISED, TEXT
from triage_node.report.page.panels import GAP as PANEL_GAP
from triage_node.report.page.panels import place
from triage_node.report.page.summary_page import CONTENT, HEADLINES, MARGIN, NOTICE, SENTENCE
from triage_node.report.page.text import text_strip, wrapped
from triage_node.report.page.typeface import Weight, typeface
from triage_node.report.wording import DISCLAIMER

SIZE = (CONTENT - PANEL_GAP) // 2


def shown(*labels: Label, size: tuple[int, int] = (SIZE, SIZE), spacing=(0.5, 0.5), number: int = 14) -> ShownSlice:
    rng = np.random.default_rng(number)
    hu = rng.integers(-100, 250, size).astype(np.float32)
    source = SourceSlice(f"1.2.3.{number}", "1.2.840.10008.5.1.4.1.1.2", None, number, 43.21)
    return ShownSlice(labels or (Label.SUBDURAL, Label.ANY), hu, spacing, (source,))


def is_on(page: np.ndarray, part: np.ndarray) -> bool:
    return places_of(page, part).size > 0


def places_of(page: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Rows and columns at which a part stands on the page, pixel by pixel."""
    one_channel = [np.ascontiguousarray(picture[..., 0]) for picture in (page, part)]
    distance = cv2.matchTemplate(*one_channel, cv2.TM_SQDIFF)
    found = np.argwhere(distance < 1e-6 * part.size * 255**2)
    rows, columns = part.shape[:2]
    same = [np.array_equal(page[y : y + rows, x : x + columns], part) for y, x in found]
    return found[same] if len(found) else found


def words(text: str, *style) -> np.ndarray:
    """A text in one line, without the empty rest of it."""
    strip = np.asarray(text_strip(text, CONTENT, *style))
    inked = np.flatnonzero((strip != strip[0, -1]).any(axis=(0, 2)))
    return strip[:, : inked[-1] + 1]


@pytest.fixture
def page(content):
    return draw_page(build_report(content), [shown()])


def test_every_page_says_that_it_is_no_diagnosis(page):
    assert is_on(page, words(DISCLAIMER, NOTICE, TEXT, Weight.BOLD, RAISED))


def test_the_outcome_is_the_largest_text_in_its_own_words(content, page):
    assert is_on(page, words(HEADLINES[content.decision], 58, ANSWERS[content.decision], Weight.BOLD))


def test_no_outcome_is_said_in_words_or_colors_of_a_clean_bill():
    assert "hemorrhage" not in HEADLINES[Decision.NOT_FLAGGED] + HEADLINES[None]
    assert HEADLINES[Decision.NOT_FLAGGED] == "Not flagged by the algorithm"
    assert not any(green > max(red, blue) for red, green, blue in ANSWERS.values())


def test_a_study_that_was_not_analyzed_says_why(not_analyzed):
    page = draw_page(build_report(not_analyzed))
    assert is_on(page, words("The series was acquired with contrast.", SENTENCE))


def test_nothing_reaches_the_margins_however_long_the_texts_are(not_analyzed, make_source):
    endless = Reason(ReasonCode.UNREADABLE, "1.2.840." * 90 + " and so on, " * 60)
    report = build_report(replace(not_analyzed, reasons=(endless,), station_name="S" * 16, node_version="9" * 64))
    page = draw_page(report, [shown(*LABELS)], patient=True)
    bare = np.array(GROUND, np.uint8)
    for edge in (page[:MARGIN], page[-MARGIN:], page[:, :MARGIN], page[:, -MARGIN:]):
        assert (edge == bare).all()
    assert page.shape[1] == 1024
    longest = max(typeface(SENTENCE).getlength(line) for line in wrapped(endless.message, typeface(SENTENCE), CONTENT))
    assert CONTENT * 0.9 < longest <= CONTENT


def test_wrapping_loses_no_letter():
    text = "Suspected: " + "subdural " * 40 + "x" * 300
    lines = list(wrapped(text, typeface(20), 300))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(typeface(20).getlength(line) <= 300 for line in lines)


def test_letters_are_never_cut_at_their_feet():
    for size in (16, 20, 29, 58):
        strip = np.asarray(text_strip("gjpqyÅ", CONTENT, size, weight=Weight.BOLD))
        assert strip[:-1].any()
        assert not strip[-1].any()


@pytest.mark.parametrize(("name", "center", "width"), [("brain", 40, 80), ("subdural", 80, 200)])
@pytest.mark.parametrize("localized", [False, True])
def test_the_slices_are_bare_also_beside_a_picture_of_where_the_model_looked(flagged, name, center, width, localized):
    """The window function of PS3.3 C.11.2.1.2.1, written out; a slice of a panel's size is not scaled."""
    one = shown()
    picture = np.full((40, 80, 3), (250, 20, 200), np.uint8) if localized else None
    page = draw_page(build_report(flagged), [one], picture)
    share = (one.hu.astype(np.float64) - (center - 0.5)) / (width - 1) + 0.5
    gray = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    assert len(places_of(page, np.repeat(gray[..., None], 3, axis=2))) == 1
    is_marked = (page.max(axis=2).astype(int) - page.min(axis=2) > 200).any()
    assert is_marked == localized


def test_a_slice_keeps_its_proportions_and_shows_its_sides(flagged):
    """Pixels twice as high as wide: a round head stays round."""
    y, x = np.mgrid[-1:1:64j, -1:1:128j]
    hu = np.where(x**2 + y**2 < 0.5, 40, -1000).astype(np.float32)
    one = replace(shown(), hu=hu, spacing_mm=(2.0, 1.0))
    page = draw_page(build_report(flagged), [one])
    panel = page[-(SIZE + 200) :, MARGIN : MARGIN + SIZE].max(axis=2)
    middle = (panel > 100) & (panel < 156)
    rows, columns = middle.sum(axis=0).max(), middle.sum(axis=1).max()
    assert rows == pytest.approx(columns, rel=0.05)
    assert is_on(page, words("R", 16, TEXT, Weight.BOLD))
    assert is_on(page, words("L", 16, TEXT, Weight.BOLD))


def test_a_slice_is_named_as_viewers_do():
    one = shown()
    other = replace(one.sources[0], instance_number=16, position_mm=44.0)
    assert place(one) == "Image 14, position 43.2 mm"
    assert place(replace(one, sources=(other, one.sources[0]))) == "Mean of images 14 to 16, position 43.2 mm"
    assert place(replace(one, sources=(replace(one.sources[0], frame_number=7),))) == "Frame 7, position 43.2 mm"
    assert place(replace(one, sources=(replace(one.sources[0], instance_number=None),))) == "Position 43.2 mm"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_up_to_three_slices_stand_in_both_windows(flagged, count):
    report = build_report(flagged)
    empty, full = draw_page(report), draw_page(report, [shown(number=number) for number in range(1, count + 1)])
    assert full.shape[0] - empty.shape[0] > 400
    for number in range(1, count + 1):
        found = f"Image {number}, position 43.2 mm"
        style = (19, TEXT, Weight.BOLD) if count == 1 else (16, (165, 176, 192))
        text = f"{found}: subdural hemorrhage" if count == 1 else found
        assert is_on(full, words(text, *style))


def test_the_best_slices_are_those_of_flagged_then_uncertain_types(make_prediction):
    prediction = make_prediction((Label.ANY, Label.SUBDURAL), (Label.EPIDURAL, Label.INTRAVENTRICULAR))
    scores = np.zeros((6, 6), np.float32)
    for label, index in {"any": 5, "subdural": 2, "epidural": 4, "intraventricular": 2}.items():
        scores[index, LABELS.index(Label(label))] = 1
    volume = volume_of(6)
    chosen = shown_slices(volume, replace(prediction, slice_probabilities=scores))
    assert [one.labels for one in chosen] == [
        (Label.SUBDURAL, Label.INTRAVENTRICULAR),
        (Label.EPIDURAL,),
        (Label.ANY,),
    ]
    assert [int(one.hu[0, 0]) for one in chosen] == [2, 4, 5]


def test_of_a_study_that_is_not_flagged_no_slice_is_singled_out(make_prediction):
    assert shown_slices(volume_of(3), make_prediction()) == ()


def volume_of(count):
    from triage_node.imaging import Volume

    hu = np.tile(np.arange(count, dtype=np.float32)[:, None, None], (1, 4, 4))
    sources = tuple((replace(shown().sources[0], instance_number=number),) for number in range(count))
    return Volume(hu, (5.0, 1.0, 1.0), np.arange(count) * 5.0, sources=sources)


def test_nobody_can_tell_from_the_picture_whom_it_is_about_unless_a_site_wants_that(flagged, make_source):
    other = [replace(flagged, sources=(make_source(1, PatientName="Roe^Richard", PatientID="PID-8"),))]
    pages = [draw_page(build_report(content)) for content in (flagged, *other)]
    np.testing.assert_array_equal(*pages)
    named = [draw_page(build_report(content), patient=True) for content in (flagged, *other)]
    assert not np.array_equal(*named)
    line = "Doe Jane, ID PID-7, born 1950-02-03, sex F, accession A1, study of 2026-03-01"
    assert is_on(named[0], words(line, NOTICE))


def test_a_name_without_letters_for_it_is_not_drawn_as_boxes(flagged, make_source):
    source = make_source(1, SpecificCharacterSet="ISO_IR 192", PatientName="王^小東")
    page = draw_page(build_report(replace(flagged, sources=(source,), best_slices={})), patient=True)
    assert is_on(page, words("(the name cannot be drawn), ID PID-7, born 1950-02-03, sex F,", NOTICE))


def test_a_page_that_replaces_an_earlier_one_says_so(flagged, not_analyzed):
    later = replace(flagged, predecessor=build_report(not_analyzed))
    assert is_on(draw_page(build_report(later)), words("It replaces an earlier report.", NOTICE, (165, 176, 192)))
