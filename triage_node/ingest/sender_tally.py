"""What came of each sender since it was last written down: nothing is written while an instance is on its way."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from triage_node.ingest.header import printable
from triage_node.ingest.sender import Sender
from triage_node.worklist import SenderCount

LONGEST_AE_TITLE, LONGEST_ADDRESS = 64, 200
MOST_AE_TITLES = 20
"""Of one address; what others of it send is counted as of no AE title."""
MOST_KEYS = 1000
"""What is too much to be told apart is counted as of nobody."""

Key = tuple[str, str, str]


class SenderTally:
    """Count by sender and by what happened, in bounded memory.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: dict[Key, SenderCount] = {}
        self._ae_titles: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def note(self, sender: Sender, what: str, sentence: str = "") -> None:
        """Count something of a sender; ``what`` is one of few words, ``sentence`` what it did wrong."""
        one = SenderCount(
            printable(sender.calling_ae_title.strip())[:LONGEST_AE_TITLE],
            printable(sender.address)[:LONGEST_ADDRESS],
            what,
            1,
            self._clock(),
            printable(sentence),
        )
        with self._lock:
            self._add(one)

    def take(self) -> list[SenderCount]:
        """Return what was counted, and begin anew."""
        with self._lock:
            counts, self._counts, self._ae_titles = self._counts, {}, {}
        return list(counts.values())

    def put_back(self, counts: Iterable[SenderCount]) -> None:
        """Count again what could not be written."""
        with self._lock:
            for one in counts:
                self._add(one)

    def _add(self, one: SenderCount) -> None:
        key = self._key(one)
        before = self._counts.get(key)
        if before is not None:
            one = replace(one, number=one.number + before.number)
            if before.last_at > one.last_at:
                one = replace(one, last_at=before.last_at, sentence=before.sentence)
        ae_title, address, _ = key
        self._counts[key] = replace(one, ae_title=ae_title, address=address)

    def _key(self, one: SenderCount) -> Key:
        known = self._ae_titles.get(one.address, set())
        is_told = one.ae_title in known or len(known) < MOST_AE_TITLES
        key = (one.ae_title if is_told else "", one.address, one.what)
        if key not in self._counts and len(self._counts) >= MOST_KEYS:
            return "", "", one.what
        self._ae_titles.setdefault(one.address, set()).add(key[0])
        return key
