"""The way between the node and a program that analyzes for it: its standard input and output.

The settings arrive as a line of JSON on standard input, which then stays open: later lines are other settings, and
when it ends, the node is gone. Each line on standard output is a JSON message to the node.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable

from triage_node.config import Settings


class NodePipe:
    """The program's end of it.

    Attributes
    ----------
    settings
        Those that the node sent last.
    """

    def __init__(self) -> None:
        self.settings = Settings(**json.loads(sys.stdin.readline()))
        self._telling = threading.Lock()

    def follow(self, gone: Callable[[], object], changed: Callable[[Settings], object] = lambda _: None) -> None:
        """Take other settings from now on, by a thread of its own.

        Parameters
        ----------
        gone
            Called when the node is gone.
        changed
            Told of other settings.
        """
        threading.Thread(target=self._follow, args=(gone, changed), name="lifeline", daemon=True).start()

    def tell(self, **message: object) -> None:
        """Send a message to the node."""
        with self._telling:
            print(json.dumps(message), flush=True)

    def _follow(self, gone: Callable[[], object], changed: Callable[[Settings], object]) -> None:
        try:
            for line in sys.stdin:
                self.settings = Settings(**json.loads(line))
                logging.getLogger().setLevel(self.settings.log_level)
                changed(self.settings)
        finally:
            gone()
