"""What is wrong with a JSON file that a person may have edited, as a part of a sentence."""

import reprlib

from pydantic import ValidationError

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def entry_error(error: ValidationError) -> str:
    """Say which entry is wrong and why, for the first of those that are.

    Parameters
    ----------
    error
        What pydantic found in the content of a file.
    """
    first = error.errors()[0]
    *parts, name = [str(part) for part in first["loc"]] or ["the file"]
    where = ".".join(parts) or "the file"
    match first["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"{where} has the unknown entry {name!r}"
        case "missing" | "missing_argument":
            return f"{where} lacks the entry {name!r}"
        case "json_invalid":
            return f"it is no JSON file ({first['ctx']['error']})"
        case "value_error":
            return f"{'.'.join([*parts, name])} is wrong: {first['ctx']['error']}"
    problem = first["msg"][0].lower() + first["msg"][1:]
    return f"{'.'.join([*parts, name])} is wrong: {problem}, got {_SHORT.repr(first['input'])}"
