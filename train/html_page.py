"""Reports as single HTML files that load nothing from elsewhere.

Their templates extend `page.html.j2`, which has the style and the blocks ``title`` and ``body``.
"""

from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def embedded(png: bytes) -> str:
    """Return a PNG as an address that holds it (RFC 2397)."""
    return "data:image/png;base64," + b64encode(png).decode("ascii")


def interval_text(parts: list[float | None]) -> str:
    """Return a figure with its interval in words."""
    value, low, high = parts
    return "-" if value is None else f"{value:.3f} ({low:.3f}-{high:.3f})"


def render(folder: Path, template: str, **content: Any) -> str:
    """Return a page from a template of a folder; `embedded` and the filter ``interval`` are there for it."""
    environment = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["interval"] = interval_text
    return environment.get_template(template).render(embedded=embedded, **content)
