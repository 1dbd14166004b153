"""An older release of the node, as the history has it, run with the packages of today."""

import subprocess
import tarfile
from pathlib import Path

import pytest
from programs import need

COMMITS = {"0.2.0": "f3ccd4d18012a1791aa6f2cd0a421a5e01c33ced"}
ROOT = Path(__file__).parents[2]


class Release:
    """A release's own code in a folder; without the history of the project the test is skipped.

    Attributes
    ----------
    environment
        With it `triage-node` is that of the release.
    """

    def __init__(self, version: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        packed = folder / "release.tar"
        wanted = ("triage_node", "models", "train")
        command = [need("git"), "-C", ROOT, "archive", "-o", packed, COMMITS[version], *wanted]
        packing = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if packing.returncode:
            pytest.skip(f"this clone has not the history back to {version}: {packing.stderr.strip()}")
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
        for name in ("models", "train"):  # as setup.cfg installs them
            (folder / name).rename(folder / "triage_node" / name)
        self.environment = {"PYTHONPATH": str(folder)}
