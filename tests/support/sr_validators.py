"""The validators of Structured Reports at hand, `dciodvfy` and `dsrdump`, over one report or many."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

INCAPABLE = ("does not support this Specific Character Set", "Reading unknown/unsupported SpecificCharacterSet")
"""What dsrdump says of itself and not of the report."""
FILES_A_PROCESS = 100


def installed(name: str) -> list[str]:
    """Return the paths of a program: each `dciodvfy` counts on its own."""
    paths = (str(Path(sys.executable).parent), None, "/usr/bin")
    return sorted({found for path in paths if (found := shutil.which(name, path=path))})


def complaints(command: str, *paths: Path) -> list[str]:
    """Return what a validator complains of, nothing when it is content; only dsrdump takes several files."""
    run = subprocess.run([command, *map(str, paths)], capture_output=True, text=True, errors="replace", timeout=120)
    lines = (run.stdout + run.stderr).splitlines()
    told = [line for line in lines if line.startswith(("Error", "E:", "F:", "W:"))]
    lines = [line for line in told if not any(words in line for words in INCAPABLE)]
    failed = [f"exit status {run.returncode}"] if run.returncode and not lines else []
    return [f"{Path(command).name}: {line}" for line in lines + failed]


def complaints_of_files(paths: Sequence[Path]) -> list[str]:
    """Return what the first `dciodvfy` and `dsrdump` complain of in many files, each with the file's name."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda path: list(_named("dciodvfy", path)), paths)
        return [complaint for each in found for complaint in each] + list(_dsrdump(paths))


def _dsrdump(paths: Sequence[Path]) -> Iterator[str]:
    [command] = installed("dsrdump")[:1]
    for start in range(0, len(paths), FILES_A_PROCESS):
        batch = paths[start : start + FILES_A_PROCESS]
        if complaints(command, *batch):
            yield from (complaint for path in batch for complaint in _named("dsrdump", path))


def _named(program: str, path: Path) -> Iterator[str]:
    command = installed(program)[-1]
    yield from (f"{path.name}: {complaint}" for complaint in complaints(command, path))
