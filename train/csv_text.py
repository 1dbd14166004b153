"""CSV files that people wrote: text in UTF-8, with or without a byte order mark."""

import io
from pathlib import Path

from triage_node.errors import TriageError


def open_csv(path: Path) -> io.StringIO:
    """Return a CSV file as text for `csv`.

    Raises
    ------
    TriageError
        It cannot be read, or is not UTF-8, with the line that is not.
    """
    try:
        content = path.read_bytes()
        return io.StringIO(content.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TriageError(f"{path.name}, line {line}: it is not UTF-8. Save it as CSV UTF-8.", path=path) from error
    except OSError as error:
        raise TriageError(f"{path} cannot be read ({error.strerror or error}).", path=path) from error
