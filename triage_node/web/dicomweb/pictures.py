"""How a client wants a picture: the query parameters of PS3.18 8.3.5."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import Query, Request
from starlette.exceptions import HTTPException

from triage_node.imaging import FUNCTIONS, Viewport, Window
from triage_node.web.dependencies import dicomweb_url
from triage_node.web.dicomweb.warning_header import warning

LONGEST_SIDE = 4096
THUMBNAIL = Viewport(128, 128)


@dataclass(frozen=True)
class Picture:
    """What a picture shows and how, None leaves it to the image; and what the answer says of that."""

    window: Window | None
    viewport: Viewport | None
    quality: int
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_thumbnail(self) -> "Picture":
        """Return the same as a small picture, where no size was asked for."""
        return self if self.viewport else replace(self, viewport=THUMBNAIL)


def picture_of(
    request: Request,
    window: Annotated[
        str | None, Query(max_length=100, description="center,width,function: linear, linear-exact or sigmoid")
    ] = None,
    viewport: Annotated[
        str | None, Query(max_length=200, description="columns,rows and the part shown: left,top,width,height")
    ] = None,
    quality: Annotated[str, Query(max_length=10, description="of JPEG, 1 to 100")] = "90",
    annotation: Annotated[str | None, Query(max_length=200, description="nothing is written into a picture")] = None,
) -> Picture:
    """Return what a query asks for; 400 when it says something that is none."""
    if not quality.isdecimal() or not 1 <= int(quality) <= 100:
        raise HTTPException(400, "quality is no number from 1 to 100.")
    return Picture(_window(window), _viewport(viewport), int(quality), _unsupported(request, annotation))


def _unsupported(request: Request, annotation: str | None) -> dict[str, str]:
    """Return the header that says which annotations are missing (PS3.18 8.3.5.1.1)."""
    names = [
        name.strip() for name in (annotation or "").split(",") if name.strip().isascii() and name.strip().isalnum()
    ]
    sentences = [f"The following annotation values are not supported: {', '.join(names)}."] if names else []
    return warning(dicomweb_url(request), sentences)


def _window(text: str | None) -> Window | None:
    if text is None:
        return None
    center, width, *function = [part.strip() for part in text.split(",")] + [""] * (text.count(",") < 1)
    numbers = _numbers([center, width])
    if numbers is None or numbers[1] <= 0 or len(function) > 1 or (function and function[0].lower() not in FUNCTIONS):
        raise HTTPException(400, f"window is no center,width,function with one of {', '.join(FUNCTIONS)}.")
    return Window(numbers[0], numbers[1], *(one.lower() for one in function))


def _viewport(text: str | None) -> Viewport | None:
    if text is None:
        return None
    sizes, parts = text.split(",")[:2], text.split(",")[2:]
    numbers, region = _numbers(sizes), [_part(part) for part in parts]
    fits = numbers is not None and len(numbers) == 2 and all(1 <= side <= LONGEST_SIDE for side in numbers)
    if numbers is None or not fits or len(region) not in (0, 4) or not all(region):
        raise HTTPException(
            400, f"viewport is no columns,rows or columns,rows,left,top,width,height up to {LONGEST_SIDE}."
        )
    columns, rows = numbers
    shown = [one[0] for one in region if one]
    return Viewport(int(columns), int(rows), tuple(shown) if shown else None)  # type: ignore[arg-type]


def _part(text: str) -> tuple[float | None] | None:
    """Return a number of a region, None in place of one that is left out; None when it is no number."""
    if not text.strip():
        return (None,)
    numbers = _numbers([text])
    return None if numbers is None else (numbers[0],)


def _numbers(texts: list[str]) -> list[float] | None:
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    return numbers if all(math.isfinite(number) and abs(number) <= 1e6 for number in numbers) else None
