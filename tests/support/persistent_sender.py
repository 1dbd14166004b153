"""A sender that does not give up: what was not acknowledged is sent again."""

import os
import random
import re
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from programs import need

ACKNOWLEDGED = re.compile(
    r"Affected SOP Instance UID\s*: ([\d.]+)\s*\nD: Data Set\s*: none\s*\nD: DIMSE Status\s*: 0x0000"
)
LARGEST_BATCH, LEAST_BATCHES = 10, 8
ANSWER_SECONDS = 10


class PersistentSender(threading.Thread):
    """Send files with storescu, some in each association, until each of them was acknowledged.

    Parameters
    ----------
    files
        By SOP Instance UID.
    log
        What storescu says.
    seconds
        For about how long it sends when all goes well.

    Attributes
    ----------
    number
        How many instances it sends.
    acknowledged
        UIDs of what was acknowledged.
    sent_again
        Instances that were sent though they had been sent before, without an answer or refused.
    """

    def __init__(self, name: str, port: int, files: Mapping[str, Path], log: Path, seed: int, seconds: float) -> None:
        super().__init__(name=name, daemon=True)
        self._port, self._files, self._log = port, files, log
        self._random = random.Random(seed)
        self._batch = max(1, min(LARGEST_BATCH, len(files) // LEAST_BATCHES))
        self._pause_seconds = seconds * self._batch / len(files)
        self._gives_up = threading.Event()
        self.number = len(files)
        self.acknowledged: set[str] = set()
        self.sent_again = 0

    def give_up(self) -> None:
        """Send nothing any more."""
        self._gives_up.set()

    def run(self) -> None:
        """Send until all are acknowledged."""
        tried: set[str] = set()
        while (missing := [uid for uid in self._files if uid not in self.acknowledged]) and not self._gives_up.is_set():
            batch = missing[: self._batch]
            self.sent_again += len(tried & set(batch))
            tried |= set(batch)
            self.acknowledged |= self._send(batch)
            self._gives_up.wait(self._random.uniform(0, 2 * self._pause_seconds))

    def _send(self, batch: list[str]) -> set[str]:
        timeouts = ("-to", ANSWER_SECONDS, "-ta", ANSWER_SECONDS, "-td", ANSWER_SECONDS)
        peer = ("-aet", self.name, "-aec", "TRIAGE", "127.0.0.1", self._port)
        command = [need("storescu"), "-d", *timeouts, *peer, *(self._files[uid] for uid in batch)]
        ended = subprocess.run(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "TCP_NODELAY": "1"},
        )
        with self._log.open("a") as log:
            log.write(ended.stdout)
        return set(ACKNOWLEDGED.findall(ended.stdout)) & set(batch)
