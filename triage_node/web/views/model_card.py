"""A model's card as HTML: whatever the file says, only the marks of Markdown come out."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

NAME = "CARD.md"
LARGEST_BYTES = 1 << 20
# Sections lose their own head, h2; what is below it stays.
HIGHEST = 3
HISTORY = "How it was made"


@dataclass(frozen=True)
class CardSection:
    """A section of a card; its ``html`` is without its title."""

    title: str
    html: str


def card_sections(folder: Path) -> list[CardSection]:
    """Return the sections of the card in a model's folder, none when there is no card.

    What stands before the first section is the model's history. HTML in a card is shown as text, pictures are left out,
    and links lead to web pages only.
    """
    path = folder / NAME
    if not path.is_file():
        return []
    with path.open("rb") as file:
        text = file.read(LARGEST_BYTES).decode("utf-8", "replace")
    history, *sections = re.split(r"^## +", text, flags=re.MULTILINE)
    found = [CardSection(HISTORY, _html(re.sub(r"\A\s*# .*", "", history)))]
    for section in sections:
        title, _, rest = section.partition("\n")
        found.append(CardSection(title.strip(), _html(rest)))
    return [one for one in found if one.html.strip()]


def _html(text: str) -> str:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = reader.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{max(int(token.tag[1:]), HIGHEST)}"
        elif token.type == "table_open":
            token.attrSet("tabindex", "0")  # wide tables scroll on a phone, by keys, too
    for opening, content, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "th_open" and not content.content.strip():
            opening.tag = closing.tag = "td"  # a head without a word heads nothing
    return str(reader.renderer.render(tokens, reader.options, {}))
