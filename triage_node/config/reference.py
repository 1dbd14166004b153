"""The settings as a page of the reference, and as a file to begin with: one table, two forms."""

import json
import textwrap
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from triage_node.config.reloading import RELOADED
from triage_node.config.settings import SUBJECTS

WIDTH = 100
HEAD = """\
# Settings of triage-node. Every setting is here with its default behind a #: take that away to set it.
# The environment (TRIAGE_ and the name in capitals) and the options of a command go before this file.
# A running node reads it anew at `systemctl reload triage-node`, or SIGHUP; what is marked (restart) wants a restart.
# `triage-node check` tries what is set here.
"""
TAIL = """\
# Tables stand at the end of the file, each in place of the list of its name above:
#
# [[destinations]]
# name = "PACS over TLS"
# url = "dicoms://PACS@pacs.example.org:2762"
# tls_ca = "/etc/triage-node/hospital-ca.pem"
#
# [[allowed_peers]]
# ae_title = "CT1"
# networks = ["10.1.2.0/24"]
"""


def markdown() -> str:
    """Return the reference of all settings: a table for each subject."""
    return "\n\n".join(f"## {_title(subject)}\n\n{_table(subject)}" for subject in SUBJECTS)


def starter_file(chosen: Mapping[str, object]) -> str:
    """Return a settings file in which some settings are set, and every other stands as a comment.

    Parameters
    ----------
    chosen
        By name: texts, numbers, paths, lists of texts.
    """
    parts = [HEAD]
    for subject in SUBJECTS:
        parts.append("\n".join(textwrap.wrap(_title(subject), WIDTH, initial_indent="## ", subsequent_indent="## ")))
        parts += [_entry(name, field, chosen) for name, field in subject.model_fields.items()]
    return "\n\n".join([*parts, TAIL])


def _title(subject: type[BaseModel]) -> str:
    return (subject.__doc__ or "").splitlines()[0].rstrip(".")


def _table(subject: type[BaseModel]) -> str:
    lines = ["| setting | default | taken up at | what it is |", "| --- | --- | --- | --- |"]
    for name, field in subject.model_fields.items():
        taken_up = "reload" if name in RELOADED else "restart"
        lines.append(f"| `{name}` | `{_default(field)}` | {taken_up} | {field.description} |")
    return "\n".join(lines)


def _default(field: FieldInfo) -> object:
    default = field.default
    if default is None or default in ((), {}):
        return "none"
    return {True: "true", False: "false"}[default] if isinstance(default, bool) else default


def _entry(name: str, field: FieldInfo, chosen: Mapping[str, object]) -> str:
    description = (field.description or "") + ("" if name in RELOADED else " (restart)")
    comment = textwrap.fill(description, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    if name in chosen:
        return f"{comment}\n{name} = {_toml(chosen[name])}"
    default = "" if field.default is None else f" {_toml(field.default)}"
    return f"{comment}\n#{name} ={default}"


def _toml(value: Any) -> str:
    """Write a value as TOML; texts are as in JSON, but for the one control character that JSON leaves as it is."""
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, Path):
        return _toml(str(value))
    if isinstance(value, Enum):
        return _toml(value.value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
