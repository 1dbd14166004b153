"""Programs as processes: free ports, log files, and an end for what was started here and nothing else."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

STOP_SECONDS = 20
FROM_PACKAGES = frozenset({"dciodvfy", "docker-compose", "hadolint", "tid1500reader"})
"""Foreign programs that come with the tests' packages."""
WITHOUT_EXTRAS = {"PYTHONPATH": str(Path(__file__).parent / "without_extras")}


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def need(program: str) -> str:
    """Return a program's path; without it the test is skipped by name, in CI it fails."""
    own = Path(sys.executable).parent
    # pynetdicom installs a storescu and an echoscu of its own beside Python; the peers are DCMTK's.
    elsewhere = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != own)
    found = shutil.which(program, path=str(own) if program.startswith("triage-node") else elsewhere)
    found = found or (shutil.which(program, path=str(own)) if program in FROM_PACKAGES else None)
    if found:
        return found
    if os.environ.get("TRIAGE_REQUIRE_PEERS"):
        pytest.fail(f"{program} is not installed: run make peers")
    pytest.skip(f"{program} is not installed: run make peers")


def run(program: str, *arguments: object, timeout_seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a peer, or a command of the node, to its end. DCMTK stalls 40 ms an image without TCP_NODELAY."""
    command = [need(program), *map(str, arguments)]
    environment = {**os.environ, "TCP_NODELAY": "1", **(WITHOUT_EXTRAS if program == "triage-node" else {})}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=timeout_seconds)


class Program:
    """A process that runs until it is stopped; everything it prints goes to a log file.

    Parameters
    ----------
    is_own_group
        Whether it and its children are a process group, as a shell makes one of each command.
    """

    def __init__(
        self,
        command: Sequence[object],
        log: Path,
        environment: dict[str, str] | None = None,
        *,
        is_own_group: bool = False,
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TCP_NODELAY": "1", **(environment or {})},
                process_group=0 if is_own_group else None,
            )

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    def wait_for(self, text: str, timeout_seconds: float = 60) -> str:
        """Return the first line that holds a text, once it is printed."""
        end = time.monotonic() + timeout_seconds
        while time.monotonic() < end:
            for line in self.printed.splitlines():
                if text in line:
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"{text!r} was not printed:\n{self.printed[-3000:]}")

    def open_files(self) -> set[Path]:
        """Files that it holds open; none once it has ended."""
        try:
            return {Path(file.path) for file in psutil.Process(self.process.pid).open_files()}
        except psutil.NoSuchProcess:
            return set()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it as an administrator would."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"it did not stop:\n{self.printed[-3000:]}") from None
