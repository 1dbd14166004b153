"""Log lines as JSON objects, for programs that gather logs."""

import json
import logging
import math
import re
import threading
from datetime import UTC, datetime
from typing import Any, Literal

from triage_node.logs import configure_logging, origin

EVENT = re.compile(r"([a-z]\w*)(?: (?=\w+=)|$)")
KEY = re.compile(r"(?:^| )(\w+)=")
CONVERSION = re.compile(r"%(?:\.\d+)?[sdrfgox]")
TEXT = "log"
"""The event of a line that is a sentence of a library, not an action word with fields; ``message`` has the sentence."""

log = logging.getLogger(__name__)


class JsonLine(logging.Formatter):
    """One JSON object a line, always with the same keys.

    ``time`` (RFC 3339, UTC), ``level``, ``event`` (the action word), ``logger``, ``process``, and ``fields`` (what the
    line says beside; numbers stay numbers). Of an exception only its kind and where it arose are kept, in
    ``fields.exception``: its text may quote a patient's data.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        event, fields = _event_and_fields(record)
        if record.exc_info and record.exc_info[1] is not None:
            fields["exception"] = origin(record.exc_info[1])
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname,
            "event": event,
            "logger": record.name,
            "process": record.process,
            "fields": fields,
        }
        return json.dumps(line)


def configure_logging_as(form: Literal["text", "json"], level: str) -> None:
    """Send log lines of a level and above to standard error, each as text or as a JSON object.

    As JSON, what ends a thread and what Python warns of become log lines as well, so that there is nothing else.
    """
    if form == "text":
        configure_logging(level)
        return
    configure_logging(level, JsonLine())
    logging.captureWarnings(True)
    threading.excepthook = _log_thread


def _log_thread(ended: threading.ExceptHookArgs) -> None:
    name = ended.thread.name if ended.thread is not None else ""
    log.error("thread_failed thread=%s error=%s", name, origin(ended.exc_value) if ended.exc_value else "")


def _event_and_fields(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """Take a line of ours apart: an action word, then a name and a format for each argument."""
    template, arguments = str(record.msg), record.args if isinstance(record.args, tuple) else ()
    word = EVENT.match(template)
    if word is None or len(CONVERSION.findall(template)) != len(arguments or ()):
        return TEXT, {"message": record.getMessage()}
    names, left = KEY.split(template[word.end() :])[1:], list(arguments or ())
    fields = {}
    for name, text in zip(names[::2], names[1::2], strict=True):
        number = len(CONVERSION.findall(text))
        own, left = left[:number], left[number:]
        fields[name] = _value(own[0]) if CONVERSION.fullmatch(text) else text % tuple(own)
    return word[1], fields


def _value(argument: object) -> object:
    is_number = isinstance(argument, int) or (isinstance(argument, float) and math.isfinite(argument))
    return argument if argument is None or is_number else str(argument)
