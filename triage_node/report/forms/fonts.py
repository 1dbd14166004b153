"""The fonts of the PDF: Noto Sans for most scripts and Noto Sans CJK, from two pinned packages and never the system."""

from functools import cache
from importlib.resources import files

import typst

PACKAGES = ("manimgx_fonts", "noto_cjk_sans_jp_regular")
FIRST = "Noto Sans"


@cache
def fonts() -> typst.Fonts:
    """Return the fonts, read once in a process."""
    folders = [str(files(package)) for package in PACKAGES]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


@cache
def families() -> tuple[str, ...]:
    """Return the names of the fonts in the order in which a character is looked for."""
    return (FIRST, *(family for family in fonts().families() if family != FIRST))
