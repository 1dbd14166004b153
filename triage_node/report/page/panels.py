"""The best slices in the windows of brain and subdural blood, bare: no mark lies on them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from triage_node.imaging import Window
from triage_node.report.objects.shown_slice import ShownSlice
from triage_node.report.page.layout import below, beside
from triage_node.report.page.palette import FAINT, GROUND, TEXT
from triage_node.report.page.text import text_strip
from triage_node.report.page.typeface import Weight, typeface
from triage_node.report.wording import finding_list

WINDOWS = {"Brain": Window(40, 80), "Subdural": Window(80, 200)}
"""Center and width in HU."""
GAP = 16
LARGEST = 352
HEADING = 28
AIR_HU = -300.0
MARGIN_SHARE = 0.03
CAPTION, NOTE = 19, 16


def panel_strip(slices: Sequence[ShownSlice], width: int) -> Image.Image:
    """Return a column for each slice with a row for each window; a single slice has its windows side by side."""
    slices = trimmed(slices)
    if len(slices) == 1:
        size = (width - GAP) // 2
        panels = beside([_panel(slices[0], name, size) for name in WINDOWS], GAP)
        return below([text_strip(_caption(slices[0]), width, CAPTION, weight=Weight.BOLD), panels], 10)
    size = min(LARGEST, (width - GAP * (len(slices) - 1)) // len(slices))
    captions = beside([_captioned(one, size) for one in slices], GAP)
    rows = [beside([_panel(one, name, size) for one in slices], GAP) for name in WINDOWS]
    grid = below([captions, *rows], 10)
    strip = Image.new("RGB", (width, grid.height), GROUND)
    strip.paste(grid, ((width - grid.width) // 2, 0))
    return strip


def trimmed(slices: Sequence[ShownSlice]) -> list[ShownSlice]:
    """Return slices of one series without the air around what they show; all keep the same part, so the same scale."""
    inside = np.logical_or.reduce([shown.hu > AIR_HU for shown in slices])
    rows, columns = (_extent(inside.any(axis=axis)) for axis in (1, 0))
    return [replace(shown, hu=shown.hu[rows, columns]) for shown in slices]


def _extent(occupied: np.ndarray) -> slice:
    """Return the part from the first to the last place that is occupied, with a margin; all where none is."""
    places = np.flatnonzero(occupied)
    if not places.size:
        return slice(None)
    margin = round(MARGIN_SHARE * len(occupied))
    return slice(max(0, int(places[0]) - margin), int(places[-1]) + 1 + margin)


def slice_picture(shown: ShownSlice, window: Window, size: int) -> np.ndarray:
    """Return a slice as ``(size, size) uint8``, in its true proportions, black around it."""
    rows, columns = (length * spacing for length, spacing in zip(shown.hu.shape, shown.spacing_mm, strict=True))
    scale = size / max(rows, columns)
    shape = max(1, round(columns * scale)), max(1, round(rows * scale))
    gray = Image.fromarray(window.apply(shown.hu)).resize(shape, Image.Resampling.BICUBIC)
    square = Image.new("L", (size, size))
    square.paste(gray, ((size - shape[0]) // 2, (size - shape[1]) // 2))
    return np.asarray(square)


def place(shown: ShownSlice) -> str:
    """Return where a slice is found in a viewer: its number, and its position along the normal of the slices."""
    first, last = shown.sources[0], shown.sources[-1]
    kind = "Image" if first.frame_number is None else "Frame"
    numbers = [one.instance_number if one.frame_number is None else one.frame_number for one in (first, last)]
    middle = shown.sources[len(shown.sources) // 2].position_mm
    words = [f"position {middle:.1f} mm"]
    if None not in numbers:
        low, high = sorted(number for number in numbers if number is not None)
        words.insert(0, f"{kind} {low}" if low == high else f"mean of {kind.lower()}s {low} to {high}")
    text = ", ".join(words)
    return text[0].upper() + text[1:]


def _panel(shown: ShownSlice, name: str, size: int) -> Image.Image:
    """Return a slice below its window and the letters of the patient's sides (PS3.3 C.7.6.1.1.1)."""
    window = WINDOWS[name]
    panel = Image.new("RGB", (size, HEADING + size), GROUND)
    pen = ImageDraw.Draw(panel)
    pen.text((0, 0), "R", TEXT, typeface(NOTE, Weight.BOLD))
    pen.text((size, 0), "L", TEXT, typeface(NOTE, Weight.BOLD), anchor="ra")
    words = f"{name}  W {window.width:g}  L {window.center:g}"
    pen.text((size / 2, 0), words, FAINT, typeface(NOTE), anchor="ma")
    panel.paste(Image.fromarray(slice_picture(shown, window, size)), (0, HEADING))
    return panel


def _captioned(shown: ShownSlice, width: int) -> Image.Image:
    found = text_strip(finding_list(shown.labels), width, CAPTION, weight=Weight.BOLD)
    return below([found, text_strip(place(shown), width, NOTE, FAINT)], 2)


def _caption(shown: ShownSlice) -> str:
    return f"{place(shown)}: {finding_list(shown.labels)}"
