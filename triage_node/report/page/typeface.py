"""The letters of the page: Roboto, from the package `font-roboto` (Apache-2.0), so that it looks alike everywhere."""

from enum import StrEnum
from functools import cache

from font_roboto import font_files
from PIL import ImageFont

NOWHERE = "\uffff"
"""A noncharacter, which no font draws."""


class Weight(StrEnum):
    """The cuts that are used, by their names in the package."""

    REGULAR = "Roboto"
    BOLD = "RobotoBold"


@cache
def typeface(size: int, weight: Weight = Weight.REGULAR) -> ImageFont.FreeTypeFont:
    """Return the letters in a size in pixels."""
    return ImageFont.truetype(font_files[weight], size, layout_engine=ImageFont.Layout.BASIC)


def can_draw(text: str) -> bool:
    """Tell whether there is a letter for each character; a box in a name's place would be read as a name."""
    letters = typeface(20)
    missing = bytes(letters.getmask(NOWHERE))
    return all(character == " " or bytes(letters.getmask(character)) != missing for character in text)
