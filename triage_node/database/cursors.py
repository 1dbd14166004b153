"""Where a page ends and the next one begins: opaque to whoever keeps it, checked when it comes back."""

import base64
import json
import math

from triage_node.errors import InvalidInput

LONGEST = 200
LARGEST_PAGE = 200


def encode(*parts: float) -> str:
    """Return a cursor of numbers."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(cursor: str, count: int) -> tuple[float, ...]:
    """Return the numbers of a cursor; nothing of it is trusted.

    Raises
    ------
    InvalidInput
        It is none that `encode` made of so many numbers.
    """
    try:
        if len(cursor) > LONGEST:
            raise ValueError
        parts = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if len(parts) != count or not all(type(part) in (int, float) and math.isfinite(part) for part in parts):
            raise ValueError
        if any(abs(part) >= 2**53 for part in parts):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput("The page's cursor is not one the node gave out.") from error
    return tuple(parts)


def checked_limit(limit: int, most: int = LARGEST_PAGE) -> int:
    """Return a page's size.

    Raises
    ------
    InvalidInput
        It is not in 1 to ``most``.
    """
    if not 1 <= limit <= most:
        raise InvalidInput(f"A page has 1 to {most} rows, not {limit}.")
    return limit
