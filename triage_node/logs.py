"""Log lines: an action word and structured fields, never patient data."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LINE = "%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"


def configure_logging(level: str, formatter: logging.Formatter | None = None) -> None:
    """Send log lines of a level and above to standard error, one line each, with the time and the process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter or OneLine(LINE))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("alembic", "apscheduler", "pydicom", "tensorflow", "absl", "h5py"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # Its warnings quote the value of an element, which may be a patient's name.
    warnings.filterwarnings("ignore", module="pydicom")
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)


def origin(error: BaseException) -> str:
    """Return the kind of an error and where it arose; its text is left out, as it may quote a patient's data."""
    frames = traceback.extract_tb(error.__traceback__)
    place = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{type(error).__name__} at {place}"


class OneLine(logging.Formatter):
    """A line that stays one, whatever a peer put into a field: no second line, and no command to a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in logging
        """Return the line with what cannot be printed as an escape; a traceback behind it keeps its lines."""
        return visible(super().formatMessage(record))


def visible(text: str) -> str:
    """Return a text in one line, with what cannot be printed as an escape."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


@contextmanager
def native_messages_silenced() -> Iterator[None]:
    """Keep what native libraries print to standard error while they load from the user; exceptions still come."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
