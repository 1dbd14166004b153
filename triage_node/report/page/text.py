"""Text in lines that are never wider than their place."""

from bisect import bisect_right
from collections.abc import Iterator
from math import ceil

from PIL import Image, ImageDraw, ImageFont

from triage_node.report.page.palette import GROUND, TEXT, Color
from triage_node.report.page.typeface import Weight, typeface


def text_strip(
    text: str, width: int, size: int, color: Color = TEXT, weight: Weight = Weight.REGULAR, ground: Color = GROUND
) -> Image.Image:
    """Return text in as many lines as it takes, in a picture of that width."""
    letters = typeface(size, weight)
    lines = list(wrapped(text, letters, width))
    height = line_height(size, weight)
    strip = Image.new("RGB", (width, height * len(lines)), ground)
    pen = ImageDraw.Draw(strip)
    for number, line in enumerate(lines):
        pen.text((0, number * height), line, color, letters)
    return strip


def line_height(size: int, weight: Weight = Weight.REGULAR) -> int:
    """Return the height in pixels that no letter of a line leaves."""
    return sum(typeface(size, weight).getmetrics())


def wrapped(text: str, letters: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    """Break a text between words, and within a word that is wider than a line."""
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if letters.getlength(joined) <= width:
            line = joined
            continue
        if line:
            yield line
        line = word
        while letters.getlength(line) > width:
            fitting = _fitting(line, letters, width)
            yield line[:fitting]
            line = line[fitting:]
    if line:
        yield line


def _fitting(word: str, letters: ImageFont.FreeTypeFont, width: int) -> int:
    """Return how many characters of a word fit into a line, one at least."""
    counts = range(1, len(word) + 1)
    return max(1, bisect_right(counts, width, key=lambda count: ceil(letters.getlength(word[:count]))))
