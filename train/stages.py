"""Stages of a long piece of work: a finished one is not repeated, and how long each took is kept."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from triage_node.complete_file import complete_file
from triage_node.errors import ModelError

FILE_NAME = "stages.json"


class Stages:
    """Stages of one folder.

    Parameters
    ----------
    folder
        Keeps which stages are finished.
    request
        JSON content of what is asked for; a folder that was begun with another request is refused.
    say
        Gets one line about every stage.

    Raises
    ------
    ModelError
        When the folder holds stages of another request, or a list of stages that cannot be read.
    """

    def __init__(self, folder: Path, request: dict[str, Any], say: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path, self._say = folder / FILE_NAME, say
        self._content: dict[str, Any] = {"request": json.loads(json.dumps(request)), "seconds": {}}
        if self._path.exists():
            self._go_on()
        self._save()

    def _go_on(self) -> None:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            begun_with, self._content["seconds"] = found["request"], dict(found["seconds"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"The list of stages {self._path} could not be read: {error}") from error
        if begun_with != self._content["request"]:
            raise ModelError(f"The folder {self._path.parent} was begun with another recipe; give an empty folder.")

    def _save(self) -> None:
        with complete_file(self._path) as partial:
            partial.write_text(json.dumps(self._content, indent=2) + "\n", encoding="utf-8")

    def run(self, name: str, work: Callable[[], object]) -> None:
        """Do a stage unless it was finished before; one that fails or is cut off is done again next time."""
        seconds = self._content["seconds"]
        if name in seconds:
            self._say(f"{name}: finished before, in {seconds[name]:.0f} s")
            return
        self._say(f"{name}: begun")
        start = time.monotonic()
        work()
        seconds[name] = round(time.monotonic() - start, 1)
        self._save()
        self._say(f"{name}: finished in {seconds[name]:.0f} s")
