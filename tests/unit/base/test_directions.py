"""Who may import whom, as docs/architecture.md says: the four stages meet in the worklist only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BASE = {
    "",
    "errors",
    "config",
    "settings_errors",
    "findings",
    "reasons",
    "logs",
    "implementation",
    "zone",
    "private_files",
}
ROOMS = {
    "worklist": BASE,
    "spool": BASE,
    "imaging": BASE,
    "report": BASE,
    "peers": BASE,
    "intake": BASE | {"worklist", "spool", "imaging"},
    "pipeline": BASE | {"worklist", "spool", "imaging", "models", "report"},
    "delivery": BASE | {"worklist", "peers"},
    "upkeep": BASE | {"worklist", "spool", "peers"},
    "web": BASE | {"worklist", "spool", "intake", "imaging", "models", "report", "peers"},
    "models": BASE | {"imaging"},
    "train": BASE | {"imaging", "models"},
}
OWNERS = {
    "sqlalchemy": {"worklist"},
    "pynetdicom": {"peers", "demo"},
    "apscheduler": {"upkeep"},
    "argon2": {"worklist"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "keras": {"models", "train"},
    "tensorflow": {"models", "train"},
    "highdicom": {"report"},
}
FILES = [
    path
    for folder in ("triage_node", "models", "train")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    if parts[0] != "triage_node":
        return parts[0]
    return parts[1] if len(parts) > 2 else parts[1].removesuffix(".py").removeprefix("__init__")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def rooms_in(names: set[str]) -> set[str]:
    known = set(ROOMS) | BASE
    found = {name.split(".")[1] for name in names if name.startswith("triage_node.")}
    return {name for name in found if name in known}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_directions(path):
    room, names = room_of(path), imported(path)
    if room in ROOMS:
        assert rooms_in(names) <= ROOMS[room] | {room}
    for library, owners in OWNERS.items():
        if any(name == library or name.startswith(f"{library}.") for name in names):
            assert room in owners, f"{library} is imported by {room}, it belongs to {owners}"


def test_every_folder_with_code_is_in_the_package_list():
    import configparser

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    folders = {path.parent.relative_to(ROOT) for path in FILES}
    packages = {".".join(folder.parts) for folder in folders}
    packages = {name if name.startswith("triage_node") else f"triage_node.{name}" for name in packages}
    assert listed == packages
