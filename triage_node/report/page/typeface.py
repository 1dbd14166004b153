"""The letters of the page: Noto Sans, from a pinned package as in the PDF, so that the page looks alike everywhere."""

from enum import IntEnum
from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import ImageFont

PACKAGE, FILE = "manimgx_fonts", "NotoSans[wght].ttf"
NOWHERE = "\uffff"
"""A noncharacter, which no font draws."""


class Weight(IntEnum):
    """How heavy the letters are, on the font's axis."""

    REGULAR = 400
    BOLD = 700


@cache
def typeface(size: int, weight: Weight = Weight.REGULAR) -> ImageFont.FreeTypeFont:
    """Return the letters in a size in pixels."""
    content = BytesIO(files(PACKAGE).joinpath(FILE).read_bytes())
    letters = ImageFont.truetype(content, size, layout_engine=ImageFont.Layout.BASIC)
    letters.set_variation_by_axes([weight])
    return letters


def can_draw(text: str) -> bool:
    """Tell whether there is a letter for each character; a box in a name's place would be read as a name."""
    letters = typeface(20)
    missing = bytes(letters.getmask(NOWHERE))
    return all(character == " " or bytes(letters.getmask(character)) != missing for character in text)
