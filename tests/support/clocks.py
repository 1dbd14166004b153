"""The wall clock of a program, set by libfaketime; the steady one goes on."""

import os
from pathlib import Path

import pytest

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class SettableClock:
    """What a program must have in its environment, and a file that says how far its clock is off."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds: int) -> None:
        """Set the clock by so many seconds from the true time."""
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{seconds:+d}s")
        beside.replace(self._file)


def need_libfaketime() -> None:
    """Skip the test by name where it is not installed; in CI it fails."""
    if LIBRARIES:
        return
    if os.environ.get("TRIAGE_REQUIRE_PEERS"):
        pytest.fail("libfaketime is not installed: run make peers")
    pytest.skip("libfaketime is not installed: run make peers")
