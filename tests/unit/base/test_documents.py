"""The README's tables are the code's; WRITE_DOCS=1 writes them anew."""

import os
import re
from pathlib import Path

import pytest

from triage_node.config import Settings
from triage_node.reasons import SENTENCES, ReasonCode

README = Path(__file__).resolve().parents[3] / "README.md"


def settings_table() -> str:
    lines = ["| setting | default | what it is |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = {True: "true", False: "false"}.get(default, default) if isinstance(default, bool) else default
        shown = "none" if shown is None or shown == () else shown
        lines.append(f"| `{name}` | `{shown}` | {field.description} |")
    return "\n".join(lines)


def reasons_table() -> str:
    lines = ["| code | sentence |", "| --- | --- |"]
    lines += [f"| `{code}` | {SENTENCES[code]} |" for code in ReasonCode]
    return "\n".join(lines)


@pytest.mark.parametrize(("name", "make"), [("settings", settings_table), ("reasons", reasons_table)])
def test_table(name, make):
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    text = README.read_text()
    expected = pattern.sub(lambda found: f"{found[1]}{make()}\n{found[2]}", text)
    if os.environ.get("WRITE_DOCS"):
        README.write_text(expected)
    assert text == expected, "the README's table is not the code's: WRITE_DOCS=1 pytest this file"


def test_every_setting_and_reason_says_what_it_is():
    assert all(field.description for field in Settings.model_fields.values())
    assert set(SENTENCES) == set(ReasonCode)


def test_the_readme_opens_with_the_two_commands():
    lines = [line for line in README.read_text().splitlines() if line.startswith("    make")]
    assert [line.split()[1] for line in lines[:2]] == ["demo", "test"]


@pytest.mark.parametrize(
    "document", [README, *sorted((README.parent / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_every_link_to_a_file_leads_there(document):
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert missing == []


def test_the_readme_names_every_command():
    from triage_node.cli import app

    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    text = README.read_text()
    assert [name for name in names if f"`triage-node {name}" not in text] == []
