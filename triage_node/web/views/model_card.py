"""A model's card as HTML: whatever the file says, only the marks of Markdown come out."""

from pathlib import Path

from markdown_it import MarkdownIt

NAME = "CARD.md"
LARGEST_BYTES = 1 << 20
# The page's own head is h1.
LOWER_BY = 1


def card_html(folder: Path) -> str:
    """Return the card in a model's folder as HTML, empty when there is none.

    HTML in it is shown as text, pictures are left out, and links lead to web pages only.
    """
    path = folder / NAME
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        text = file.read(LARGEST_BYTES).decode("utf-8", "replace")
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + LOWER_BY, 6)}"
        elif token.type == "table_open":
            token.attrSet("tabindex", "0")  # wide tables scroll on a phone, by keys, too
    return str(reader.renderer.render(tokens, reader.options, {}))
