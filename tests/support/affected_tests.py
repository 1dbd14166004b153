"""Which unit tests a change may break first: prints their folders, one a line, and says on standard error why.

`python tests/support/affected_tests.py [BASE]`; BASE is the branch to compare with, else `main`. It compares the files
here with where the branch began, asks grimp which rooms import those that changed, and takes the tests of all of them.
What runs through more rooms than one is left to `make test`.
"""

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import grimp

ROOT = Path(__file__).resolve().parents[2]
UNIT, SUPPORT = "tests/unit", "tests/support"
PACKAGE = "triage_node"
BASE_TESTS = "base"
"""The folder of the tests of single modules, of the documents, and of what holds for all code."""
FOR_ALL = {"setup.cfg", "constraints.txt", "pyproject.toml", "Makefile", "tests/conftest.py", "tests/unit/conftest.py"}


def changed_files(base: str) -> list[str]:
    """Return the files that differ from where the branch began, tracked or new.

    Raises
    ------
    subprocess.CalledProcessError
        There is no such branch.
    """
    began = _git("merge-base", base, "HEAD")[0]
    return [*_git("diff", "--name-only", began), *_git("ls-files", "--others", "--exclude-standard")]


def room_of(path: str) -> str | None:
    """Return the room of a file of the package, None of any other."""
    parts = PurePosixPath(path).parts
    if parts[0] in ("models", "train"):
        return parts[0]
    return parts[1].removesuffix(".py") if parts[0] == PACKAGE and len(parts) > 1 else None


def importers(rooms: set[str], graph: grimp.ImportGraph) -> set[str]:
    """Return the rooms of which a module imports one of some rooms."""
    found = set()
    for module in graph.modules:
        if _room_of_module(module) in rooms:
            found |= {_room_of_module(one) for one in graph.find_modules_that_directly_import(module)}
    return found - rooms - {""}


def support_users(names: set[str]) -> set[str]:
    """Return the folders of unit tests that import some modules of `tests/support`, be it by way of another."""
    imported = {path: _imported(path) for path in (ROOT / SUPPORT).glob("*.py")}
    wanted: set[str] = set()
    while more := names - wanted:
        wanted |= more
        names = {path.stem for path, by in imported.items() if by & more}
    return {_folder(path) for path in (ROOT / UNIT).rglob("*.py") if _imported(path) & wanted}


def affected(files: Iterable[str], graph: grimp.ImportGraph) -> set[str] | None:
    """Return the folders of unit tests to run, by name, None for all of them."""
    files = list(files)
    if FOR_ALL.intersection(files):
        return None
    rooms = {room for path in files if (room := room_of(path)) is not None}
    support = {PurePosixPath(path).stem for path in files if path.startswith(f"{SUPPORT}/")}
    tests = {PurePosixPath(path).parts[2] for path in files if path.startswith(f"{UNIT}/")}
    found = rooms | importers(rooms, graph) | tests | support_users(support)
    return {name if (ROOT / UNIT / name).is_dir() else BASE_TESTS for name in found} | {BASE_TESTS}


def main() -> None:
    """Print the folders."""
    base = sys.argv[1] if len(sys.argv) > 1 else "main"
    try:
        files = changed_files(base)
    except subprocess.CalledProcessError:
        print(f"There is no branch {base} to compare with: all unit tests.", file=sys.stderr)
        print(UNIT)
        return
    folders = affected(files, grimp.build_graph(PACKAGE, cache_dir=None))
    every = {path.name for path in (ROOT / UNIT).iterdir() if path.is_dir()}
    if folders is None or folders >= every:
        print(f"{len(files)} files differ from {base}: all unit tests.", file=sys.stderr)
        print(UNIT)
        return
    left_out = ", ".join(sorted(every - folders))
    print(
        f"{len(files)} files differ from {base}; left out, as nothing there imports them: {left_out}.", file=sys.stderr
    )
    print(*(f"{UNIT}/{name}" for name in sorted(folders)), sep="\n")


def _git(*command: str) -> list[str]:
    ended = subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True, text=True)
    return ended.stdout.splitlines()


def _room_of_module(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def _folder(path: Path) -> str:
    inside = path.relative_to(ROOT / UNIT).parts
    return inside[0] if len(inside) > 1 else BASE_TESTS


def _imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


if __name__ == "__main__":
    main()
