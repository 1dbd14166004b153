"""The query of a search's address (PS3.18 8.3.4 and 10.6.1.3)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from triage_node.errors import InvalidInput
from triage_node.search import BY_KEYWORD, Attribute, Kind, Level

MOST_PARAMETERS = 100
MOST_OFFSET = 10_000_000
MOST_RESULTS = {Level.STUDY: 1000, Level.SERIES: 5000, Level.INSTANCE: 10_000}
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
    """

    keys: tuple[tuple[Attribute, str], ...]
    included: frozenset[str]
    limit: int | None
    offset: int
    fuzzy: bool

    @classmethod
    def parse(cls, parameters: Iterable[tuple[str, str]], known: Mapping[str, Attribute]) -> "SearchQuery":
        """Read the parameters of an address; ``known`` are the keys of the search, by keyword.

        Raises
        ------
        InvalidInput
            A parameter is none that this search knows, or its value is nonsense.
        """
        given = list(parameters)
        if len(given) > MOST_PARAMETERS:
            raise InvalidInput(f"The address has more than {MOST_PARAMETERS} parameters.")
        options: dict[str, str] = {}
        keys: dict[Attribute, str] = {}
        included: set[str] = set()
        for name, value in given:
            if name == "includefield":
                included |= {one if one == "all" else keyword_of(one) for one in value.split(",") if one}
            elif name in ("limit", "offset", "fuzzymatching", "accept"):
                options[name] = value
            else:
                attribute = _matched(name, known)
                if attribute in keys and attribute.kind is not Kind.UID:
                    raise InvalidInput(f"{attribute.keyword} is given twice.")
                keys[attribute] = f"{keys[attribute]},{value}" if attribute in keys else value
        limit = _number(options["limit"], "limit") if "limit" in options else None
        offset = min(_number(options.get("offset", "0"), "offset"), MOST_OFFSET)
        fuzzy = _truth(options.get("fuzzymatching", "false"))
        return cls(tuple(keys.items()), frozenset(included), limit, offset, fuzzy)


def keyword_of(name: str) -> str:
    """Return the keyword of an attribute named by keyword or tag; those of sequences have dots.

    Raises
    ------
    InvalidInput
        PS3.6 has no such attribute.
    """
    keywords = []
    for part in name.split("."):
        keyword = keyword_for_tag(int(part, 16)) if TAG.fullmatch(part) else part
        if not keyword or tag_for_keyword(keyword) is None:
            raise InvalidInput(f"{name[:64]!r} is no attribute and no parameter of a search.")
        keywords.append(keyword)
    return ".".join(keywords)


def keys_of(level: Level) -> dict[str, Attribute]:
    """Return the keys of a search on a level: its attributes and those of the levels above."""
    return {
        keyword: attribute
        for keyword, attribute in BY_KEYWORD.items()
        if attribute.kind is not Kind.NONE and attribute.level <= level
    }


def _matched(name: str, known: Mapping[str, Attribute]) -> Attribute:
    keyword = keyword_of(name)
    if keyword not in known:
        raise InvalidInput(f"{keyword} is no key of this search.")
    return known[keyword]


def _number(text: str, name: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise InvalidInput(f"{name} is a number, zero or more.")
    return int(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise InvalidInput("fuzzymatching is true or false.")
    return text.lower() == "true"
