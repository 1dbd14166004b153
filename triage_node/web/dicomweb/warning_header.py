"""What a search did not do of what was asked, in the Warning header (PS3.18 8.3.4, RFC 7234 5.5)."""

from collections.abc import Sequence

from triage_node.search import MOST_COUNTED
from triage_node.web.dicomweb.search_query import SearchQuery

NOT_FUZZY = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
NOT_EMPTY = "The emptyvaluematching parameter is not supported. Empty Value Matching has not been performed."
NOT_MANY = "The multiplevaluematching parameter is not supported. Multiple Value Matching has not been performed."
MOST_NAMED = 10


def undone(query: SearchQuery, *, knows_rules: bool) -> list[str]:
    """Return sentences about parameters that changed nothing.

    Parameters
    ----------
    knows_rules
        Whether the search matches empty and multiple values.
    """
    asked = {
        NOT_FUZZY: query.fuzzy,
        NOT_EMPTY: query.rules.is_empty_matched and not knows_rules,
        NOT_MANY: query.rules.are_many_matched and not knows_rules,
    }
    return [sentence for sentence, is_asked in asked.items() if is_asked] + _ignored(query.ignored)


def remaining(count: int) -> str:
    """Return the sentence about results that come after those returned (PS3.18 8.3.4.4.1)."""
    number = f"at least {count}" if count >= MOST_COUNTED else str(count)
    return f"There are {number} additional results that can be requested."


def warning(base_url: str, sentences: Sequence[str]) -> dict[str, str]:
    """Return the header, none without sentences.

    Parameters
    ----------
    base_url
        Where DICOMweb is served, without a slash at the end.
    """
    return {"Warning": ", ".join(f'299 {base_url}: "{one}"' for one in sentences)} if sentences else {}


def _ignored(names: Sequence[str]) -> list[str]:
    """Name what was ignored as far as a header can hold it; a client that filtered by it gets more than it thinks."""
    if not names:
        return []
    shown = ["".join(one for one in name[:64] if one.isascii() and (one.isalnum() or one in ".-_")) for name in names]
    return [f"Parameters that are not supported were ignored: {' '.join(shown[:MOST_NAMED])}."]
