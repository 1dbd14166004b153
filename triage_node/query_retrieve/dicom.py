"""A DICOM application entity, with or without TLS, as a query source: C-FIND, C-MOVE, C-GET."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from pydicom.dataset import Dataset

from triage_node.dimse import QueryUser, Selection, SubOperations, get, move, querying
from triage_node.endpoints import QuerySource
from triage_node.errors import PeerUnreachable
from triage_node.imaging import text, whole
from triage_node.ingest import is_uid
from triage_node.query_retrieve.source import (
    LARGEST_INSTANCE_BYTES,
    MOST_INSTANCES,
    Keep,
    Retrieved,
    SourceInstance,
    SourceStudy,
)
from triage_node.user_agent import Caller

# A request names so many instances, so that its last answer, which may be its only one, does not take too long.
INSTANCES_A_REQUEST = 100
# A UID that no study has: whoever searches for it is told no patient's name.
NO_STUDY = "2.25.0"
CT = "1.2.840.10008.5.1.4.1.1.2"


class DicomSource:
    """Ask by C-FIND (Study Root), retrieve by C-MOVE to our own AE title or by C-GET."""

    def __init__(self, source: QuerySource, caller: Caller) -> None:
        self._source = source
        self._peer = source.peer
        self._caller = caller

    def studies(self, accession_number: str) -> list[SourceStudy]:
        """Search by accession number; one that a wildcard of the value finds beside is none."""
        keys = {"StudyInstanceUID": "", "StudyDate": "", "StudyDescription": ""}
        with self._querying() as user:
            found = user.find("STUDY", AccessionNumber=accession_number, **keys)
        return [
            SourceStudy(text(ds, "StudyInstanceUID"), text(ds, "StudyDate"), text(ds, "StudyDescription"))
            for ds in found
            if is_uid(text(ds, "StudyInstanceUID")) and text(ds, "AccessionNumber") == accession_number
        ]

    def count(self, study_instance_uid: str) -> int | None:
        """Return Number of Study Related Instances, or count at IMAGE level where it is not told."""
        with self._querying() as user:
            found = user.find("STUDY", StudyInstanceUID=study_instance_uid, NumberOfStudyRelatedInstances="")
            known = [ds for ds in found if text(ds, "StudyInstanceUID") == study_instance_uid]
            if not known:
                return None
            number = whole(known[0], "NumberOfStudyRelatedInstances")
            return number if number is not None and number >= 0 else len(self._instances(user, study_instance_uid))

    def instances(self, study_instance_uid: str) -> list[SourceInstance]:
        """List series by series."""
        with self._querying() as user:
            return self._instances(user, study_instance_uid)

    def retrieve(self, study_instance_uid: str, wanted: Sequence[SourceInstance], keep: Keep) -> Iterator[Retrieved]:
        """Retrieve by the method that is set."""
        selections = _selections(study_instance_uid, wanted)
        caller = self._caller
        who = caller.ae_title, caller.timeout_seconds, caller.answer_seconds
        progress: Iterator[SubOperations]
        if self._source.method == "move":
            progress = move(self._peer, selections, caller.ae_title, *who)
        else:
            classes = [one.sop_class_uid or CT for one in wanted]
            progress = get(self._peer, selections, classes, keep, LARGEST_INSTANCE_BYTES, *who)
        for so_far in progress:
            yield Retrieved(so_far.completed, so_far.failed)

    def check(self) -> str:
        """Search for a study that cannot be there."""
        start = time.monotonic()
        self.count(NO_STUDY)
        milliseconds = (time.monotonic() - start) * 1000
        return f"answers C-FIND in {milliseconds:.0f} ms{' over TLS' if self._peer.tls is not None else ''}"

    def _querying(self) -> AbstractContextManager[QueryUser]:
        caller = self._caller
        return querying(self._peer, caller.ae_title, caller.timeout_seconds, caller.answer_seconds)

    def _instances(self, user: QueryUser, study_instance_uid: str) -> list[SourceInstance]:
        of_study = {"StudyInstanceUID": study_instance_uid}
        listed: list[SourceInstance] = []
        for series in _uids(user.find("SERIES", SeriesInstanceUID="", **of_study), "SeriesInstanceUID"):
            keys = {"SeriesInstanceUID": series, "SOPInstanceUID": "", "SOPClassUID": ""}
            listed += _instances_in(series, user.find("IMAGE", **of_study, **keys))
            if len(listed) > MOST_INSTANCES:
                raise PeerUnreachable(f"{self._peer} lists more than {MOST_INSTANCES} instances of a study.")
        return list(dict.fromkeys(listed))


def _uids(found: Sequence[Dataset], keyword: str) -> list[str]:
    return list(dict.fromkeys(uid for ds in found if is_uid(uid := text(ds, keyword))))


def _instances_in(series: str, found: Sequence[Dataset]) -> list[SourceInstance]:
    uids = [(text(ds, "SOPInstanceUID"), text(ds, "SOPClassUID")) for ds in found]
    return [SourceInstance(series, uid, sop_class_uid) for uid, sop_class_uid in uids if is_uid(uid)]


def _selections(study_instance_uid: str, wanted: Sequence[SourceInstance]) -> Iterator[Selection]:
    by_series: dict[str, list[str]] = {}
    for one in wanted:
        by_series.setdefault(one.series_instance_uid, []).append(one.sop_instance_uid)
    for series, uids in by_series.items():
        for start in range(0, len(uids), INSTANCES_A_REQUEST):
            yield Selection(study_instance_uid, series, uids[start : start + INSTANCES_A_REQUEST])
