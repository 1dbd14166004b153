"""Each heavy library has one owner; who may import whom is kept by the contracts in setup.cfg (import-linter)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OWNERS = {
    "sqlalchemy": {"database", "worklist", "search", "statistics", "identity"},
    "alembic": {"database"},
    "pynetdicom": {"dimse", "demo"},
    "apscheduler": {"maintenance"},
    "argon2": {"identity"},
    "cryptography": {"dimse", "checks"},
    "fastapi": {"web"},
    "opentelemetry": {"instrumentation"},
    "prometheus_client": {"instrumentation", "monitoring"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "keras": {"models", "train"},
    "tensorflow": {"models", "train"},
    "highdicom": {"report"},
    "PIL": {"imaging", "report"},
    "ray": {"ray_cluster"},
    "pyarrow": {"archive", "train"},
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


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_owners_of_libraries(path):
    room, names = room_of(path), imported(path)
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


def test_every_room_has_a_contract_for_its_face():
    import configparser

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    rooms = {room_of(path) for path in FILES if path.name == "__init__.py" and len(path.relative_to(ROOT).parts) > 1}
    contracts = {name.rpartition(":")[2] for name in config.sections() if name.startswith("importlinter:contract:")}
    assert rooms - {"", "web", "commands", "demo", "train"} <= contracts


def test_no_package_is_crowded():
    modules: dict[Path, int] = {}
    for path in FILES:
        if path.name != "__init__.py":
            modules[path.parent] = modules.get(path.parent, 0) + 1
    assert max(modules.values()) <= 25, max(modules, key=lambda folder: modules[folder])


def test_unit_tests_stand_in_the_rooms_they_test():
    rooms = {path.parent.name for path in (ROOT / "triage_node").glob("*/__init__.py")} | {"base", "models", "train"}
    assert {path.parent.name for path in (ROOT / "tests" / "unit").glob("*/test_*.py")} <= rooms
