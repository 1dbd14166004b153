"""A Debian machine of its own, booted by systemd-nspawn: what an administrator's page says is done there for real."""

import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import psutil
from programs import Program, need

ROOT = Path(__file__).parents[2]
PACKAGES = "systemd,systemd-sysv,dbus,python3"
RELEASE = ("constraints.txt", "pyproject.toml", "setup.cfg", "README.md", "LICENSE", "triage_node", "models", "train")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Those that the registry of Python packages is trusted by here; a new machine has none."""


def blocks(page: str) -> list[str]:
    """Return the commands of a page that stand below `<!-- run -->`, a text for each block."""
    text = (ROOT / "docs" / page).read_text()
    return [textwrap.dedent(found) for found in re.findall(r"<!-- run -->\n\n((?:    .*\n|\n(?=    ))+)", text)]


class Machine:
    """Debian with systemd as process 1, on this machine's network; it needs root."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "machine"
        made = [need("debootstrap"), "--variant=minbase", f"--include={PACKAGES}", "bookworm", self.root]
        with (folder / "debootstrap.log").open("wb") as log:
            subprocess.run(made, check=True, stdout=log, stderr=subprocess.STDOUT, timeout=600)
        for name in RELEASE:
            source, target = ROOT / name, self.root / "root" / name
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        shutil.copytree(ROOT / "deploy", self.root / "root" / "deploy")
        (self.root / "etc/machine-id").unlink(missing_ok=True)
        shutil.copy(AUTHORITIES, self.root / "etc" / "pip-authorities.crt")
        (self.root / "etc/pip.conf").write_text("[global]\ncert = /etc/pip-authorities.crt\n")
        booted = [need("systemd-nspawn"), "--directory", self.root, "--boot", "--register=no", "--keep-unit"]
        self.program = Program(booted, folder / "machine.log")
        self.program.wait_for("multi-user.target", 120)

    def run(self, script: str, timeout_seconds: float = 1800) -> str:
        """Run a script as root in /root; return what it printed."""
        [first] = psutil.Process(self.program.process.pid).children()
        command = ["nsenter", "--target", first.pid, "--all", "sh", "-ec", f"cd /root\n{script}"]
        environment = {"PATH": os.defpath + ":/usr/local/bin:/usr/sbin:/sbin", "HOME": "/root", "LANG": "C.UTF-8"}
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, timeout=timeout_seconds,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def stop(self) -> None:
        """Shut it down."""
        self.program.stop()
