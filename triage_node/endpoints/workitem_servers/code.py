"""A code as the settings name it: ``VALUE``, or ``VALUE^SCHEME`` with its Coding Scheme Designator (PS3.3 8.8)."""

from collections.abc import Iterable

CODE = r"^$|^[^\x00-\x1f\x7f\\^*?,]{1,16}(\^[^\x00-\x1f\x7f\\^*?,]{1,16})?$"


def has_code(wanted: str, codes: Iterable[tuple[str, str]]) -> bool:
    """Tell whether one of some codes, each a value and its scheme, is that of the settings; an empty one is any."""
    value, _, scheme = wanted.partition("^")
    return not wanted or any(one == value and scheme in ("", of) for one, of in codes)
