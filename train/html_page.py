"""Reports as single HTML files that load nothing from elsewhere.

Their templates extend `page.html.j2`, which has the style and the blocks ``title`` and ``body``.
"""

from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from triage_node.train.figure_text import interval_text, number_text, signed_text


def embedded(png: bytes) -> str:
    """Return a PNG as an address that holds it (RFC 2397)."""
    return "data:image/png;base64," + b64encode(png).decode("ascii")


def render(folder: Path, template: str, **content: Any) -> str:
    """Return a page from a template of a folder; `embedded` and the filters of `figure_text` are there for it."""
    environment = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"interval": interval_text, "signed": signed_text, "number": number_text}
    return environment.get_template(template).render(embedded=embedded, **content)
