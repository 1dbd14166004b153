"""The settings as people may see them: each with where it comes from, without what is secret in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from triage_node.config.reloading import RELOADED
from triage_node.config.settings import Origin, Settings

HIDDEN = "set, not shown"
USER_IN_ADDRESS = re.compile(r"(?<=://)(?<!dicom://)(?<!dicoms://)[^/?#\s]*@")
"""What stands before the `@` of a DICOM address is the called AE title."""
SECRET_IN_QUERY = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key|sig|auth)[^=&]*=)[^&#\s'\"]*", re.IGNORECASE)


@dataclass(frozen=True)
class Shown:
    """A setting; ``value`` as JSON, ``text`` in words, ``reload`` tells whether a running node takes it up."""

    name: str
    value: Any
    text: str
    origin: Origin
    description: str
    reload: bool


def shown(settings: Settings) -> Iterator[Shown]:
    """Yield every setting without what is secret in it, those that somebody set first."""
    fields = sorted(Settings.model_fields.items(), key=lambda item: settings.origin(item[0]) == "default")
    written = settings.model_dump(mode="json")
    for name, field in fields:
        value = getattr(settings, name)
        json_value = HIDDEN if isinstance(value, SecretStr) else _without_secrets(name, written[name])
        text = _text(name, value)
        yield Shown(name, json_value, text, settings.origin(name), field.description or "", name in RELOADED)


def without_secrets(text: str) -> str:
    """Return a text without users, passwords and tokens of the addresses in it."""
    return SECRET_IN_QUERY.sub(r"\1…", USER_IN_ADDRESS.sub("…@", text)) if "://" in text else text


def _without_secrets(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _hidden(name, value)
    if isinstance(value, Mapping):
        return {key: _without_secrets(name, one) for key, one in value.items()}
    return [_without_secrets(name, one) for one in value] if isinstance(value, list) else value


def _text(name: str, value: Any) -> str:
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(_hidden(name, str(one)) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return _hidden(name, str(value))


def _hidden(name: str, text: str) -> str:
    # Drivers take passwords in more places than one knows; the kind of database and its host say enough.
    return without_secrets(text.partition("?")[0] if name == "database_url" else text)
