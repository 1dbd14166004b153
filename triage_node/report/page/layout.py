"""Pictures put beside and below one another."""

from collections.abc import Sequence

from PIL import Image

from triage_node.report.page.palette import GROUND


def beside(parts: Sequence[Image.Image], gap: int) -> Image.Image:
    """Return pictures in a row, their upper edges in line."""
    width = sum(part.width for part in parts) + gap * (len(parts) - 1)
    row = Image.new("RGB", (width, max(part.height for part in parts)), GROUND)
    left = 0
    for part in parts:
        row.paste(part, (left, 0))
        left += part.width + gap
    return row


def below(parts: Sequence[Image.Image], gap: int) -> Image.Image:
    """Return pictures in a column, their left edges in line."""
    height = sum(part.height for part in parts) + gap * (len(parts) - 1)
    column = Image.new("RGB", (max(part.width for part in parts), height), GROUND)
    top = 0
    for part in parts:
        column.paste(part, (0, top))
        top += part.height + gap
    return column


def framed(part: Image.Image, margin: int) -> Image.Image:
    """Return a picture with a margin on each side."""
    page = Image.new("RGB", (part.width + 2 * margin, part.height + 2 * margin), GROUND)
    page.paste(part, (margin, margin))
    return page
