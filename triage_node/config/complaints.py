"""What is wrong with the settings, in sentences that name the key, the value and the way out."""

import difflib
import re
from collections.abc import Callable, Collection, Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from triage_node.errors import SettingsError

PREFIX = "TRIAGE_"
OF_TESTS = re.compile(r"TRIAGE_(TEST|BENCH)_\w+|TRIAGE_REQUIRE_PEERS|TRIAGE_SHARED_DATA")
OF_SERVICES = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP)(_\w+)?$")
WANTED = {
    "missing": "is missing",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text, in quotes",
    "path_type": "must be a path, in quotes",
    "tuple_type": "must be a list of texts",
    "literal_error": "must be {expected}",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
}
"""What a value must be, in words, by the kind of error."""


def check_environment(fields: Sequence[str], environment: Mapping[str, str]) -> None:
    """Refuse variables that would set something if they were not misspelled.

    Parameters
    ----------
    fields
        The names of all settings.

    Raises
    ------
    SettingsError
        A variable begins like ours and is none.
    """
    for variable, value in sorted(environment.items()):
        name = variable.upper()
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX).lower() in fields or _is_of_others(name, value):
            continue
        raise SettingsError(_unknown(variable, name.removeprefix(PREFIX), fields, lambda one: f"{PREFIX}{one.upper()}"))


def complaint_of(error: ValidationError, fields: Sequence[str], secrets: Collection[str]) -> str:
    """Return a sentence for each value that is wrong; those of secrets are not repeated."""
    return " ".join(_complaint(item, fields, secrets) for item in error.errors())


def _is_of_others(name: str, value: str) -> bool:
    """Tell whether a variable is the tests' or what Kubernetes and Docker set for a service that is named like us."""
    return OF_TESTS.match(name) is not None or OF_SERVICES.search(name) is not None or value.startswith("tcp://")


def _unknown(shown: str, name: str, fields: Sequence[str], write: Callable[[str], str] = lambda one: one) -> str:
    similar = difflib.get_close_matches(name.lower().replace("-", "_"), fields, 1)
    return f"There is no setting `{shown}`" + (f"; did you mean `{write(similar[0])}`?" if similar else ".")


def _complaint(item: ErrorDetails, fields: Sequence[str], secrets: Collection[str]) -> str:
    key = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        return _unknown(key, key, fields if len(item["loc"]) == 1 else ())
    if not key:
        return f"settings: {message}."
    wanted = WANTED.get(item["type"], message).format_map({"pattern": "", **item.get("ctx", {})})
    shown = "" if item["loc"][0] in secrets else f" (got {item['input']!r})"
    return f"{key}: {wanted}{shown}."
