"""A worker as an actor of Ray, in a process that Ray has placed."""

import json
import logging
import os
import queue
import socket
import threading
from contextlib import suppress
from typing import Any

from triage_node import __version__
from triage_node.config import Settings
from triage_node.errors import SettingsError
from triage_node.json_log import configure_logging_as
from triage_node.logs import origin
from triage_node.pipeline.worker import Worker
from triage_node.storage import device_uid
from triage_node.worklist import Worklist

log = logging.getLogger(__name__)

Message = dict[str, Any]

LISTEN_SECONDS = 5.0
"""After that time without a message the answer is that there is none: whoever is silent for longer hangs."""
EXIT_UNEXPECTED = 1


class RayWorker:
    """One worker, which begins at once.

    Parameters
    ----------
    name
        Under which it claims.
    settings
        Of the node, as JSON.
    version
        Of the node; another one would analyze otherwise than the node says.
    folder
        That the node works in, where the settings' relative paths begin.

    Raises
    ------
    SettingsError
        This machine cannot work for that node: another version is installed, or it has not the node's folder.
    """

    def __init__(self, name: str, settings: str, version: str, folder: str) -> None:
        with suppress(OSError):
            os.chdir(folder)
        self._settings = Settings(**json.loads(settings))
        check_machine(self._settings, version)
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        configure_logging_as(self._settings.log_format, self._settings.log_level)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(_LinesTold(self._messages))
        worker = Worker(name, lambda: self._settings, self._tell, self._end)
        threading.Thread(target=self._run, args=(worker,), name="worker", daemon=True).start()

    def process(self) -> str:
        """Return where it runs."""
        return f"{os.getpid()}@{socket.gethostname()}"

    def use(self, settings: str) -> None:
        """Go by other settings from now on, JSON."""
        self._settings = Settings(**json.loads(settings))
        logging.getLogger().setLevel(self._settings.log_level)

    def messages(self) -> list[Message]:
        """Wait for messages, and return all there are; after `LISTEN_SECONDS` none.

        A message is one of `Worker`, or a log ``line``, or the exit code with which it has ``ended``.
        """
        try:
            found = [self._messages.get(timeout=LISTEN_SECONDS)]
        except queue.Empty:
            return []
        while not self._messages.empty():
            found.append(self._messages.get())
        return found

    def _run(self, worker: Worker) -> None:
        code = EXIT_UNEXPECTED
        try:
            code = worker.run()
        except Exception as error:  # the border of the thread; its text may quote a patient's data
            log.error("worker_failed error=%s", origin(error))
        finally:
            self._end(code)

    def _tell(self, **message: object) -> None:
        self._messages.put(message)

    def _end(self, code: int) -> None:
        """Have the process ended by who hears of it, after its last log line."""
        self._tell(ended=code)


class _LinesTold:
    """A stream that sends log lines to the node."""

    def __init__(self, messages: "queue.SimpleQueue[Message]") -> None:
        self._messages = messages

    def write(self, line: str) -> None:
        """Send it."""
        self._messages.put({"line": line})

    def flush(self) -> None:
        """Do nothing: it is sent."""


def check_machine(settings: Settings, version: str) -> None:
    """Refuse to work for a node of another version, or where its images are not.

    Raises
    ------
    SettingsError
        It cannot work for that node here.
    """
    host = socket.gethostname()
    if version != __version__:
        raise SettingsError(f"{host} has triage-node {__version__}, and the node {version}: install the same version.")
    if not settings.data_dir.is_dir():
        raise SettingsError(f"{host} has no folder {settings.data_dir}: mount the node's there.")
    if settings.is_on_server:
        worklist = Worklist(settings)
        try:
            worklist.installation.check(device_uid(settings.data_dir), is_in_bucket=settings.storage_url is not None)
        finally:
            worklist.close()
