"""Text search: which words a study is found by, the same on SQLite (FTS5) and PostgreSQL (GIN).

Words are made here and not by the databases, so that both find the same. A word is looked for from its beginning.
"""

import re
import unicodedata

LONGEST_WORD = 64
LONGEST_TEXT = 1000
# Some characters become many without accents, and PostgreSQL takes no key of an index beyond 2,704 bytes.
LONGEST_NAME = 256
MOST_WORDS = 8
# What may stand inside of a word; PN separators (PS3.5 6.2.1.1) and all else end it.
WORD = re.compile(r"[^\W_](?:[\w./-]*[^\W_])?|[\w./-]+")
PART = re.compile(r"[^\W_]+")
UID = re.compile(r"\d+(?:\.\d*){2,}")


def words(text: str) -> list[str]:
    """Return the words of a text, without case and accents."""
    return [word[:LONGEST_WORD] for word in WORD.findall(folded(text)) if PART.search(word)]


def folded(text: str) -> str:
    """Return a text without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))


def folded_name(name: str) -> str:
    """Return a person's name (PS3.5 6.2.1) as names are compared: without case, accents and empty last parts."""
    whole = "=".join(group.rstrip("^ ") for group in folded(name).split("=")).rstrip("=")
    return whole[:LONGEST_NAME]


def storable(text: str) -> str:
    """Return a text without what a database refuses: NUL and halves of characters (lone surrogates)."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def search_text(study_instance_uid: str, *texts: str) -> str:
    """Return the words a study is found by, one blank between them.

    A word with a hyphen, a dot or a slash inside is found by its parts too. A UID of digits is not among them: it has
    an index of its own, and would be a million words that all begin alike.
    """
    odd = [] if UID.fullmatch(study_instance_uid) else [study_instance_uid]
    whole = [word for text in (*odd, *texts) for word in words(text)]
    parts = [part for word in whole for part in PART.findall(word) if part != word]
    return " ".join(dict.fromkeys([*whole, *parts]))[:LONGEST_TEXT].rstrip()


def query_words(text: str) -> tuple[list[str], list[str]]:
    """Return the words to look for: those of texts, and the beginnings of UIDs."""
    found = list(dict.fromkeys(words(text)))[:MOST_WORDS]
    return [word for word in found if not UID.fullmatch(word)], [word for word in found if UID.fullmatch(word)]


def fts5_query(looked_for: list[str]) -> str:
    """Return the FTS5 expression for studies that have all the words' beginnings."""
    return " AND ".join(f'"{word}" *' for word in looked_for)


def tsquery(looked_for: list[str]) -> str:
    """Return the same for PostgreSQL; the words hold no quote and no backslash."""
    return " & ".join(f"'{word}':*" for word in looked_for)
