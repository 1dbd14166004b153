"""The score of each type as a bar, with the threshold that decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from triage_node.findings import Decision
from triage_node.report.page.palette import ANSWERS, FAINT, GROUND, LINE, RAISED, TEXT
from triage_node.report.page.typeface import Weight, typeface

COLUMNS = 2
GAP = 36
ROW = 78
BAR_TOP, BAR_HEIGHT, BELOW_BAR = 33, 10, 47
NAME, NOTE = 20, 16
WORDS = {Decision.FLAGGED: "suspected", Decision.UNCERTAIN: "uncertain", Decision.NOT_FLAGGED: "not flagged"}


@dataclass(frozen=True)
class Score:
    """What is said of one label; ``probability``, ``flag`` and ``uncertain`` in [0, 1], None where nothing is known."""

    name: str
    decision: Decision | None
    probability: float | None
    flag: float | None = None
    uncertain: float | None = None


def score_strip(scores: Sequence[Score], width: int) -> Image.Image:
    """Return the scores in columns, down the first before the second."""
    rows = -(-len(scores) // COLUMNS)
    strip = Image.new("RGB", (width, rows * ROW), GROUND)
    column = (width - GAP * (COLUMNS - 1)) // COLUMNS
    for number, score in enumerate(scores):
        place = (number // rows * (column + GAP), number % rows * ROW)
        strip.paste(_cell(score, column), place)
    return strip


def _cell(score: Score, width: int) -> Image.Image:
    cell = Image.new("RGB", (width, ROW), GROUND)
    pen = ImageDraw.Draw(cell)
    stands_out = score.decision in (Decision.FLAGGED, Decision.UNCERTAIN)
    color = ANSWERS[score.decision]
    weight = Weight.BOLD if stands_out else Weight.REGULAR
    pen.text((0, 0), score.name, TEXT if stands_out else FAINT, typeface(NAME, weight))
    percent = "no score" if score.probability is None else f"{score.probability:.1%}".replace("%", " %")
    pen.text((width, 0), percent, color, typeface(NAME, weight), anchor="ra")
    _bar(pen, score, width)
    if score.decision is not None:
        pen.text((0, BELOW_BAR), WORDS[score.decision], color, typeface(NOTE))
    pen.text((width, BELOW_BAR), _thresholds(score), FAINT, typeface(NOTE), anchor="ra")
    return cell


def _bar(pen: ImageDraw.ImageDraw, score: Score, width: int) -> None:
    bottom = BAR_TOP + BAR_HEIGHT - 1
    pen.rectangle((0, BAR_TOP, width - 1, bottom), RAISED, LINE)
    if score.probability:
        pen.rectangle((0, BAR_TOP, round(score.probability * (width - 1)), bottom), ANSWERS[score.decision])
    for threshold, color in ((score.uncertain, FAINT), (score.flag, TEXT)):
        if threshold is not None:
            x = round(threshold * (width - 1))
            pen.rectangle((max(0, x - 1), BAR_TOP - 3, min(width - 1, x + 1), bottom + 3), color)


def _thresholds(score: Score) -> str:
    parts = []
    if score.uncertain is not None:
        parts.append(f"uncertain from {_percent(score.uncertain)}")
    if score.flag is not None:
        parts.append(f"suspected above {_percent(score.flag)}")
    return ", ".join(parts)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
