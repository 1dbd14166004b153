"""A DICOMweb server as a destination: Store Instances (STOW-RS, PS3.18 10.5)."""

import io
import time
import uuid
from collections.abc import Sequence

from pydicom.dataset import Dataset

from triage_node.delivery.targets.store_response import StoreResponse, is_class_refused
from triage_node.endpoints import Destination
from triage_node.errors import PeerBusy, PeerDenied, PeerRefused, PeerUnreachable
from triage_node.user_agent import Caller, HttpCaller, HttpResponse

DICOM_JSON = "application/dicom+json"
# A UID that no study has: whoever searches for it is told no patient's name.
NO_STUDY = "2.25.0"
ANSWERED = frozenset([200, 202, 409])
"""PS3.18 Table 10.5.3-1: with these the response says what became of each instance."""
NOT_SEARCHABLE = frozenset([400, 404, 405, 406, 501])


class StowTarget:
    """Send by POST, an object a request, over one connection while there is more to send."""

    def __init__(self, destination: Destination, caller: Caller) -> None:
        self._url = destination.url
        self._name = destination.name
        self._http = HttpCaller(destination, caller)

    def send(self, variants: Sequence[Dataset]) -> Dataset:
        """Post the renderings one after the other until one's SOP class is taken."""
        for ds in variants:
            if self._store(ds):
                return ds
        names = ", ".join(ds.SOPClassUID.name for ds in variants)
        raise PeerRefused(f"{self._name} accepts none of the SOP classes: {names}.")

    def check(self) -> str:
        """Search for a study that cannot be there."""
        start = time.monotonic()
        response = self._http.request("GET", f"{self._url}?StudyInstanceUID={NO_STUDY}&limit=1", DICOM_JSON)
        milliseconds = (time.monotonic() - start) * 1000
        if response.status in (200, 204):
            return f"answers a search in {milliseconds:.0f} ms"
        if response.status in NOT_SEARCHABLE:
            return f"answers in {milliseconds:.0f} ms, but not a search ({response.status}); only a test shows more"
        raise self._failure(response)

    def rest(self) -> None:
        """Close the connection."""
        self._http.close()

    def _store(self, ds: Dataset) -> bool:
        """Post one object; False when its SOP class is not taken."""
        boundary = uuid.uuid4().hex
        media_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
        response = self._http.request("POST", self._url, DICOM_JSON, _body(ds, boundary), media_type)
        if response.status not in ANSWERED:
            raise self._failure(response)
        stored = StoreResponse.read(response.body)
        uid = str(ds.SOPInstanceUID)
        if uid in stored.referenced and response.status != 409:
            return True
        if uid in stored.failed:
            return self._failed(stored.failed[uid])
        if response.status == 409:
            raise PeerRefused(f"{self._name} answered 409: it refuses the instance.")
        raise PeerUnreachable(f"{self._name} answered {response.status} without a word on the instance.")

    def _failed(self, reason: int) -> bool:
        if is_class_refused(reason):
            return False
        if reason >> 8 == 0xA7 or reason == 0x0110:
            raise PeerBusy(f"{self._name} answered 0x{reason:04X}: it cannot store the instance now.")
        raise PeerRefused(f"{self._name} answered 0x{reason:04X}: it refuses the instance.")

    def _failure(self, response: HttpResponse) -> PeerBusy | PeerDenied | PeerRefused:
        return response.failure(self._name)


def _body(ds: Dataset, boundary: str) -> bytes:
    buffer = io.BytesIO()
    buffer.write(f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode())
    part = io.BytesIO()
    ds.save_as(part, enforce_file_format=True)
    buffer.write(part.getvalue())
    buffer.write(f"\r\n--{boundary}--\r\n".encode())
    return buffer.getvalue()
