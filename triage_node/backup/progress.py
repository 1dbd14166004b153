"""How far a backup or its restoring is, and whether it shall end."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and of how much; it may raise `Interrupted`."""


def nothing_said(_what: str, _done: int, _of: int) -> None:
    """Say nothing."""
