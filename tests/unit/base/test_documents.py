"""The tables of docs/reference are the code's; WRITE_DOCS=1 writes them anew."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import typer
from expositions import example_exposition, exposed_families
from typer.core import TyperGroup

from triage_node.config import Settings, reference_markdown
from triage_node.endpoints import Destination, Endpoint, QuerySource, Rule
from triage_node.endpoints.workitem_servers import WorkitemServer
from triage_node.reasons import SENTENCES, ReasonCode
from triage_node.report.codes import TABLE

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference"
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


def endpoints_table(endpoint: type[Endpoint]) -> str:
    lines = ["| key | of | what it is |", "| --- | --- | --- |"]
    for name, field in endpoint.model_fields.items():
        kinds = [kind for kind, (_, options) in endpoint.kinds.items() if name in endpoint.common or name in options]
        of = "all" if len(kinds) == len(endpoint.kinds) else ", ".join(f"`{kind}`" for kind in kinds)
        lines.append(f"| `{name}` | {of} | {field.description} |")
    return "\n".join(lines)


def rules_table() -> str:
    lines = ["| condition | met when |", "| --- | --- |"]
    lines += [f"| `{name}` | {field.description} |" for name, field in Rule.model_fields.items()]
    return "\n".join(lines)


def reasons_table() -> str:
    lines = ["| code | sentence |", "| --- | --- |"]
    lines += [f"| `{code}` | {SENTENCES[code]} |" for code in ReasonCode]
    return "\n".join(lines)


def codes_table() -> str:
    lines = ["| code | scheme | meaning | asked for by | trust |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {one.value} | {one.scheme} | {one.meaning} | {one.asked_by} | {one.trust} |" for one in TABLE]
    return "\n".join(lines)


def commands_in(group: TyperGroup, name: str) -> Iterator[str]:
    for command in group.commands.values():
        path = f"{name} {command.name}"
        if isinstance(command, TyperGroup):
            yield from commands_in(command, path)
            continue
        pieces = command.collect_usage_pieces(command.make_context(path, [], resilient_parsing=True))
        # Versions of typer do not agree on how often they say that there may be several.
        usage = re.sub(r"[{}]|\[OPTIONS\]|\.\.\.", "", " ".join(pieces)).strip()
        usage += "..." if any(one.nargs == -1 for one in command.params) else ""
        does = re.sub(r"\[/?[a-z]+\]", "", (command.help or "").splitlines()[0])
        yield f"| `{f'{path} {usage}'.strip()}` | {does} |"


def commands_table() -> str:
    from triage_node.cli import app
    from triage_node.train.cli import app as train

    rows: list[str] = []
    for program, name in ((app, "triage-node"), (train, "triage-node-train")):
        group = typer.main.get_command(program)
        assert isinstance(group, TyperGroup)
        rows += commands_in(group, name)
    return "\n".join(["| command | does |", "| --- | --- |", *rows])


def addresses_table() -> str:
    from triage_node.web.registry import routers

    lines = ["| method | address | does |", "| --- | --- | --- |"]
    for router in routers():
        for route in router.routes:
            does = (route.endpoint.__doc__ or "").splitlines()[0].replace("|", "\\|")
            lines.append(f"| {', '.join(sorted(route.methods))} | `{route.path}` | {does} |")
    return "\n".join(lines)


def metrics_table() -> str:
    lines = ["| metric | kind | labels | what it is |", "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as folder, example_exposition(Path(folder)) as exposition:
        for family in exposed_families(exposition):
            labels = sorted({f"`{label}`" for sample in family.samples for label in sample.labels} - {"`le`"})
            name = f"{family.name}_total" if family.type == "counter" else family.name
            lines.append(f"| `{name}` | {family.type} | {', '.join(labels)} | {family.documentation} |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {
    "settings": lambda: f"\n{reference_markdown()}\n",
    "destinations": partial(endpoints_table, Destination),
    "sources": partial(endpoints_table, QuerySource),
    "workitem-servers": partial(endpoints_table, WorkitemServer),
    "rules": rules_table,
    "reasons": reasons_table,
    "codes": codes_table,
    "commands": commands_table,
    "addresses": addresses_table,
    "metrics": metrics_table,
}


PAGES_OF = {"rules": "destinations"}
"""Tables that stand on another's page."""


@pytest.mark.parametrize("name", TABLES)
def test_table(name):
    page = REFERENCE / f"{PAGES_OF.get(name, name)}.md"
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    text, table = page.read_text(), TABLES[name]()
    expected = pattern.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)
    if os.environ.get("WRITE_DOCS"):
        page.write_text(expected)
    assert text == expected, f"{page.name} is not the code's: WRITE_DOCS=1 pytest this file"


def test_every_setting_and_reason_says_what_it_is():
    tables = (Settings, Destination, QuerySource, WorkitemServer, Rule)
    fields = [field for table in tables for field in table.model_fields.values()]
    assert all(field.description for field in fields)
    assert set(SENTENCES) == set(ReasonCode)


def test_the_readme_opens_with_the_two_commands_and_is_short():
    text = README.read_text()
    lines = [line for line in text.splitlines() if line.startswith("    make")]
    assert [line.split()[1] for line in lines[:2]] == ["demo", "test"]
    assert len(text.split()) < 700


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_there(document):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_lines_of_prose_are_not_too_wide(document):
    prose = [line for line in document.read_text().splitlines() if not line.startswith(("|", "    "))]
    assert [line for line in prose if len(line) > 120] == []


WHERE = re.findall(r"\| \[[^]]+\]\(([^)]+)\) \| `(\w+)` \|", (ROOT / "docs" / "architecture.md").read_text())


@pytest.mark.parametrize(("path", "name"), WHERE, ids=[name for _, name in WHERE])
def test_where_is_what_names_what_is_there(path, name):
    text = (ROOT / "docs" / path).read_text()
    assert re.search(rf"^\s*(?:async )?(?:def|class) {name}\b", text, re.MULTILINE)


def test_where_is_what_lists_something():
    assert len(WHERE) >= 10
