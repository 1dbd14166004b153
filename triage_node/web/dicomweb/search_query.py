"""The query of a search's address (PS3.18 8.3.4 and 10.6.1.3)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from triage_node.errors import InvalidInput
from triage_node.search import BY_KEYWORD, LITERAL, Attribute, Kind, Level, Rules

MOST_PARAMETERS = 100
MOST_OFFSET = 10_000_000
MOST_RESULTS = {Level.STUDY: 1000, Level.SERIES: 5000, Level.INSTANCE: 10_000}
MATCHING = ("fuzzymatching", "emptyvaluematching", "multiplevaluematching")
OPTIONS = frozenset({"limit", "offset", "accept", "charset", *MATCHING})
TAG = re.compile(r"[0-9A-Fa-f]{8}")


@dataclass(frozen=True)
class SearchQuery:
    """What an address asks for.

    Attributes
    ----------
    included
        Keywords of ``includefield``; ``all`` for everything there is.
    limit
        None when the client names none.
    ignored
        Names that the search does not know; what they ask for was not done.
    """

    keys: tuple[tuple[Attribute, str], ...]
    included: frozenset[str]
    limit: int | None
    offset: int
    fuzzy: bool = False
    rules: Rules = LITERAL
    ignored: tuple[str, ...] = ()

    @classmethod
    def parse(cls, parameters: Iterable[tuple[str, str]], known: Mapping[str, Attribute]) -> "SearchQuery":
        """Read the parameters of an address; ``known`` are the keys of the search, by keyword.

        Raises
        ------
        InvalidInput
            The value of a parameter is nonsense, or a key is given twice.
        """
        given = list(parameters)
        if len(given) > MOST_PARAMETERS:
            raise InvalidInput(f"The address has more than {MOST_PARAMETERS} parameters.")
        options: dict[str, str] = {}
        keys: dict[Attribute, str] = {}
        included: set[str] = set()
        ignored: list[str] = []
        for name, value in given:
            if name == "includefield":
                included |= {one if one == "all" else keyword_of(one) or one for one in value.split(",") if one}
            elif name in OPTIONS:
                options[name] = value
            elif (attribute := known.get(keyword_of(name) or "")) is None:
                ignored.append(name)
            else:
                if attribute in keys and attribute.kind is not Kind.UID:
                    raise InvalidInput(f"{attribute.keyword} is given twice.")
                keys[attribute] = f"{keys[attribute]},{value}" if attribute in keys else value
        limit = _number(options["limit"], "limit") if "limit" in options else None
        offset = min(_number(options.get("offset", "0"), "offset"), MOST_OFFSET)
        fuzzy, empty, many = (_truth(options, name) for name in MATCHING)
        return cls(tuple(keys.items()), frozenset(included), limit, offset, fuzzy, Rules(empty, many), tuple(ignored))


def keyword_of(name: str) -> str | None:
    """Return the keyword of an attribute named by keyword or tag; those of sequences have dots. None for no such."""
    keywords = []
    for part in name.split("."):
        keyword = keyword_for_tag(int(part, 16)) if TAG.fullmatch(part) else part
        if not keyword or tag_for_keyword(keyword) is None:
            return None
        keywords.append(keyword)
    return ".".join(keywords)


def keys_of(level: Level) -> dict[str, Attribute]:
    """Return the keys of a search on a level: its attributes and those of the levels above."""
    return {
        keyword: attribute
        for keyword, attribute in BY_KEYWORD.items()
        if attribute.kind is not Kind.NONE and attribute.level <= level
    }


def _number(text: str, name: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise InvalidInput(f"{name} is a number, zero or more.")
    return int(text)


def _truth(options: Mapping[str, str], name: str) -> bool:
    text = options.get(name, "false").lower()
    if text not in ("true", "false"):
        raise InvalidInput(f"{name} is true or false.")
    return text == "true"
