"""Where things lie: names are hashes of UIDs, so a peer's UID never becomes a path."""

import hashlib
from pathlib import Path

from triage_node.private_files import make_private_folder

SLICE_SCORES = "slices.json"
"""Beside a result: what the model said of each received slice, from feet to head."""


def hashed(uid: str) -> str:
    """Return the file name that stands for a UID: 32 hexadecimal characters of its SHA-256."""
    return hashlib.sha256(uid.encode("utf-8", "surrogateescape")).hexdigest()[:32]


class Layout:
    """The folders of a spool.

    ``incoming/`` holds what was received and has no worklist row yet; ``studies/ab/abcd…/`` holds a study's instances,
    and its ``results/`` the outcomes and reports, so that the worklist can be rebuilt from here. ``quarantine/`` holds
    what could be kept but not registered, so that it holds up nothing else.
    ``rebuilding`` is there while the worklist is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self.quarantine = root / "quarantine"
        self.studies = root / "studies"
        self.rebuilding = root / "rebuilding"

    def create(self) -> None:
        """Make the folders, readable by the owner only: they hold patient data."""
        for folder in (self.root, self.incoming, self.quarantine, self.studies):
            make_private_folder(folder)

    def study(self, study_instance_uid: str) -> Path:
        """Return the folder of a study."""
        name = hashed(study_instance_uid)
        return self.studies / name[:2] / name

    def instance(self, study_instance_uid: str, sop_instance_uid: str) -> Path:
        """Return the file of an instance."""
        return self.study(study_instance_uid) / f"{hashed(sop_instance_uid)}.dcm"

    def results(self, study_instance_uid: str) -> Path:
        """Return the folder of a study's outcomes and reports."""
        return self.study(study_instance_uid) / "results"

    def result(self, study_instance_uid: str, name: str) -> Path:
        """Return the folder of one outcome; of the path that earlier versions noted only the last part counts."""
        return self.results(study_instance_uid) / Path(name).name
