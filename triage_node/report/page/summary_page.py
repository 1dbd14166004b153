"""The page: what came of the study, in words, figures and slices, and that it is no diagnosis."""

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from triage_node.findings import LABELS, Decision, Label
from triage_node.report.header import plain, text_of
from triage_node.report.objects.shown_slice import ShownSlice
from triage_node.report.page.layout import below, framed
from triage_node.report.page.palette import ANSWERS, FAINT, GROUND, LINE, RAISED, TEXT
from triage_node.report.page.panels import panel_strip
from triage_node.report.page.scores import Score, score_strip
from triage_node.report.page.text import line_height, text_strip
from triage_node.report.page.typeface import Weight, can_draw, typeface
from triage_node.report.summary import LabelSummary, Summary, summarize
from triage_node.report.wording import DISCLAIMER, MANUFACTURER, NOT_FLAGGED

WIDTH, MARGIN = 1024, 32
CONTENT = WIDTH - 2 * MARGIN
GAP = 22
HEADLINE, SENTENCE, NOTICE, NOTE = 58, 29, 23, 16
HEADLINES: dict[Decision | None, str] = {
    Decision.FLAGGED: "Suspected hemorrhage",
    Decision.UNCERTAIN: "Uncertain",
    Decision.NOT_FLAGGED: NOT_FLAGGED.capitalize(),
    None: "Not analyzed",
}
LOOKED_WIDTH = 720
LOOKED = "Where the model looked (right), for quality control"


def draw_page(
    report: Dataset,
    slices: Sequence[ShownSlice] = (),
    localization: np.ndarray | None = None,
    patient: bool = False,
) -> np.ndarray:
    """Return what a report says as one page.

    Parameters
    ----------
    report
        Any variant of it.
    slices
        The slices to show.
    localization
        ``(rows, columns, 3) uint8``, a picture of where the model looked; None shows none.
    patient
        Name the patient and the study.

    Returns
    -------
    np.ndarray
        ``(rows, 1024, 3) uint8``, RGB; as many rows as it takes.
    """
    summary = summarize(report)
    parts = [_top(report), *_patient(report, patient), _headline(summary), *_sentences(summary)]
    if summary.labels:
        parts.append(score_strip(_scores(summary), CONTENT))
    if slices:
        parts.append(panel_strip(slices, CONTENT))
    if localization is not None:
        parts.append(_looked(localization))
    return np.asarray(framed(below([*parts, _notice(), _facts(report, summary)], GAP), MARGIN))


def _top(report: Dataset) -> Image.Image:
    strip = Image.new("RGB", (CONTENT, line_height(NOTE)), GROUND)
    pen = ImageDraw.Draw(strip)
    pen.text((0, 0), f"{MANUFACTURER}: triage of head CT for intracranial hemorrhage", FAINT, typeface(NOTE))
    pen.text((CONTENT, 0), _made(report), FAINT, typeface(NOTE), anchor="ra")
    return strip


def _made(report: Dataset) -> str:
    """Return when the report was made; the offset is the one that governs the times in it."""
    day, time = text_of(report, "ContentDate"), text_of(report, "ContentTime")
    offset = text_of(report, "TimezoneOffsetFromUTC")
    return f"{_date(day)} {time[:2]}:{time[2:4]} {f'UTC{offset[:3]}:{offset[3:]}' if offset else ''}".strip()


def _date(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else day


def _patient(report: Dataset, is_wanted: bool) -> Iterator[Image.Image]:
    if is_wanted:
        yield text_strip(", ".join(patient_words(report)) or "No patient is named.", CONTENT, NOTICE)


def patient_words(report: Dataset) -> list[str]:
    """Return who and what the report is about, as far as there are letters for it."""
    name = " ".join(text_of(report, "PatientName").partition("=")[0].replace("^", " ").split())
    values = {
        "": name if can_draw(name) else "(the name cannot be drawn)",
        "ID": text_of(report, "PatientID"),
        "born": _date(text_of(report, "PatientBirthDate")),
        "sex": text_of(report, "PatientSex"),
        "accession": text_of(report, "AccessionNumber"),
        "study of": _date(text_of(report, "StudyDate")),
    }
    return [f"{title} {value}".strip() for title, value in values.items() if value and can_draw(value)]


def _headline(summary: Summary) -> Image.Image:
    color = ANSWERS[summary.decision]
    words = text_strip(HEADLINES[summary.decision], CONTENT - 28, HEADLINE, color, Weight.BOLD)
    strip = Image.new("RGB", (CONTENT, words.height), GROUND)
    ImageDraw.Draw(strip).rectangle((0, 4, 9, words.height - 5), color)
    strip.paste(words, (28, 0))
    return strip


def _sentences(summary: Summary) -> Iterator[Image.Image]:
    """What the report says beyond the headline; the disclaimer has a place of its own."""
    sentence = summary.sentence.removesuffix(DISCLAIMER).strip()
    rest = sentence.removeprefix(f"{HEADLINES[summary.decision]}.").strip()
    if rest:
        yield text_strip(plain(rest), CONTENT, SENTENCE)
    if summary.replaces:
        yield text_strip("It replaces an earlier report.", CONTENT, NOTICE, FAINT)


def _scores(summary: Summary) -> list[Score]:
    ordered = (Label.ANY, *(label for label in LABELS if label is not Label.ANY))
    found = (summary.of(label) for label in ordered)
    return [_score(each) for each in found if each is not None]


def _score(each: LabelSummary) -> Score:
    name = "any hemorrhage" if each.label is Label.ANY else each.label.value
    thresholds = (None, None) if each.calibration is None else (each.calibration.flag, each.calibration.uncertain)
    return Score(name, each.decision, each.probability, *thresholds)


def _looked(picture: np.ndarray) -> Image.Image:
    drawn = Image.fromarray(picture)
    scaled = drawn.resize((LOOKED_WIDTH, round(drawn.height * LOOKED_WIDTH / drawn.width)), Image.Resampling.BICUBIC)
    return below([text_strip(LOOKED, CONTENT, NOTE, FAINT), scaled], 6)


def _notice() -> Image.Image:
    words = text_strip(DISCLAIMER, CONTENT - 40, NOTICE, TEXT, Weight.BOLD, RAISED)
    strip = Image.new("RGB", (CONTENT, words.height + 28), RAISED)
    ImageDraw.Draw(strip).rectangle((0, 0, strip.width - 1, strip.height - 1), None, LINE)
    strip.paste(words, (20, 14))
    return strip


def _facts(report: Dataset, summary: Summary) -> Image.Image:
    model = summary.model
    digest = f" (SHA-256 {model.sha256[:12]})" if model.sha256 else ""
    words = [
        f"Model {model.name} {model.version}{digest}",
        f"{MANUFACTURER} {text_of(report, 'SoftwareVersions')}",
        f"station {text_of(report, 'StationName')}",
    ]
    return text_strip(plain(", ".join(words)), CONTENT, NOTE, FAINT)
