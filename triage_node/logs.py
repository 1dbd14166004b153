"""Log lines: an action word and structured fields, never patient data."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def configure_logging(level: str) -> None:
    """Send log lines of a level and above to standard error, one line each, with the time and the process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"))
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
