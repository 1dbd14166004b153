"""What a large hospital asks of a node, compressed: studies over DICOM, and people and programs at its pages."""

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from ct import head_ct, save, series_of
from ct_phantom import chest_hu
from nodes import RunningNode
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

SENDERS = 2
SECONDS_A_STUDY = 4.0
OTHERS_A_HEAD = 5
"""Of each six studies one is a head CT, about as many as where a rule forwards all CT (docs/capacity.md)."""
HEAD_SLICES, OTHER_SLICES = 32, 25
SLICE_MM, CHEST_FIELD_MM = 5.0, 400.0
ADDRESSES = (
    "/worklist",
    "/worklist?text=muller",
    "/worklist?list=all",
    "/studies/{uid}",
    "/statistics",
    "/api/worklist",
    "/api/studies/{uid}",
    "/api/studies/{uid}/report",
    "/api/stats",
    "/metrics",
    "/health/ready",
    "/dicomweb/studies?limit=20",
    "/dicomweb/studies/{uid}/metadata",
)


class Patients:
    """A series, each time as another study of another patient."""

    def __init__(self, images: list[Dataset], folder: Path) -> None:
        self._images, self._folder = images, folder
        self._name, self._number = f"{folder.parent.name}-{folder.name[0].upper()}", itertools.count(1)

    def next(self) -> tuple[str, list[Path]]:
        """Return the UID of the next study, and its files, which are there until the one after."""
        study, series, number = generate_uid(), generate_uid(), next(self._number)
        for ds in self._images:
            ds.PatientID, ds.PatientName = f"{self._name}{number}", f"Soak^{self._name}{number}"
            ds.AccessionNumber = f"A{self._name}{number}"
            ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        return str(study), save(self._images, self._folder)


def chest_ct(seed: int) -> list[Dataset]:
    """Return a series that is no head CT."""
    hu = chest_hu(OTHER_SLICES, (128, 128), SLICE_MM)
    described: dict[str, object] = {"BodyPartExamined": "CHEST", "StudyDescription": "CT chest"}
    return series_of(hu, CHEST_FIELD_MM, SLICE_MM, "chest", seed, described)


@dataclass
class Traffic:
    """Send studies at a steady pace, and look at the pages beside, from threads of its own.

    Attributes
    ----------
    studies
        UIDs of what was sent.
    troubles
        What the node refused or did not answer.
    """

    node: RunningNode
    folder: Path
    token: str
    seed: int
    studies: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._threads = [
            *(threading.Thread(target=self._send_all, args=(number,), daemon=True) for number in range(SENDERS)),
            threading.Thread(target=self._look_at_all, daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after what is being sent and asked."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _send_all(self, sender: int) -> None:
        seed, folder = self.seed + sender, self.folder / str(sender)
        heads = Patients(head_ct(slices=HEAD_SLICES, lesion="epidural", seed=seed), folder / "head")
        others = Patients(chest_ct(seed), folder / "chest")
        for kind in itertools.cycle([heads] + OTHERS_A_HEAD * [others]):
            due = time.monotonic() + SENDERS * SECONDS_A_STUDY
            study, files = kind.next()
            sent = self.node.storescu(*files)
            if sent.returncode == 0:
                self.studies.append(study)
            else:
                self.troubles.append(f"storescu: {sent.stderr[-300:]}")
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return

    def _look_at_all(self) -> None:
        """Ask for each address in turn, over a connection of its own; hold a live list for a while."""
        while not self._stopping.is_set():
            with httpx2.stream("GET", self.node.web_address + "/worklist/live", **self._how) as stream:
                next(stream.iter_lines())
                for address in self._addresses():
                    self._look_at(address)
                    if self._stopping.wait(SECONDS_A_STUDY):
                        return

    def _addresses(self) -> Iterator[str]:
        uid = self.studies[-20:][0] if self.studies else ""
        return (one.format(uid=uid) for one in ADDRESSES if uid or "{uid}" not in one)

    def _look_at(self, address: str) -> None:
        answer = httpx2.get(self.node.web_address + address, **self._how)
        if answer.status_code >= 400 and not (answer.status_code == 404 and address.endswith("/report")):
            self.troubles.append(f"{address}: {answer.status_code}")

    @property
    def _how(self) -> dict[str, Any]:
        return {"timeout": 60, "headers": {"Authorization": f"Bearer {self.token}"}}
