"""Where things lie: names are hashes of UIDs, so a peer's UID never becomes a path."""

import hashlib
from pathlib import Path
from typing import Self

from triage_node.private_files import make_private_folder
from triage_node.storage.result import RESULTS, StoredResult

INSTANCE = ".dcm"


def hashed(uid: str) -> str:
    """Return the file name that stands for a UID: 32 hexadecimal characters of its SHA-256."""
    return hashlib.sha256(uid.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def spool_folder(data_dir: Path) -> Path:
    """Return the spool's folder in a data folder."""
    return data_dir / "spool"


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

    @classmethod
    def of(cls, data_dir: Path) -> Self:
        """Return the layout of the spool in a data folder; what is noted of it holds in another working folder, too."""
        return cls(spool_folder(data_dir).absolute())

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
        return self.study(study_instance_uid) / f"{hashed(sop_instance_uid)}{INSTANCE}"

    def stored_file(self, study_instance_uid: str, sop_instance_uid: str, result_file: str = "") -> Path:
        """Return the file of an instance that was received, or of one that the node made (`ResultObject.file`)."""
        if result_file:
            return self.study(study_instance_uid) / result_file
        return self.instance(study_instance_uid, sop_instance_uid)

    def results(self, study_instance_uid: str) -> Path:
        """Return the folder of a study's outcomes and reports."""
        return self.study(study_instance_uid) / RESULTS

    def result(self, study_instance_uid: str, name: str) -> StoredResult:
        """Return one result; of the path that earlier versions noted only the last part counts."""
        return StoredResult(self.results(study_instance_uid) / Path(name).name)
