"""A DICOMweb server as a query source: Search (QIDO-RS, PS3.18 10.6) and Retrieve (WADO-RS, PS3.18 10.4)."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from triage_node.endpoints import QuerySource
from triage_node.errors import PeerError, PeerUnreachable
from triage_node.ingest import SUCCESS, is_uid
from triage_node.query_retrieve.dicom import NO_STUDY
from triage_node.query_retrieve.source import (
    LARGEST_INSTANCE_BYTES,
    MOST_INSTANCES,
    Keep,
    Retrieved,
    SourceInstance,
    SourceStudy,
)
from triage_node.user_agent import Caller, HttpCaller

DICOM_JSON = "application/dicom+json"
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
PAGE = 200
"""So many instances, with all that a server likes to tell of each, stay below the length of an answer."""
GONE = frozenset([404, 410])
STUDY_DATE, ACCESSION_NUMBER, STUDY_DESCRIPTION = "00080020", "00080050", "00081030"
SOP_CLASS_UID, SOP_INSTANCE_UID = "00080016", "00080018"
STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, STUDY_INSTANCES = "0020000D", "0020000E", "00201208"


class WebSource:
    """Ask by GET, an instance a request."""

    def __init__(self, source: QuerySource, caller: Caller) -> None:
        self._url = source.url.rstrip("/")
        self._name = source.name
        self._http = HttpCaller(source, caller)

    def studies(self, accession_number: str) -> list[SourceStudy]:
        """Search by accession number; one that a wildcard of the value finds beside is none."""
        found = self._search(self._url, AccessionNumber=accession_number, limit=str(PAGE))
        return [
            SourceStudy(uid, _text(ds, STUDY_DATE), _text(ds, STUDY_DESCRIPTION))
            for ds in found
            if is_uid(uid := _text(ds, STUDY_INSTANCE_UID)) and _text(ds, ACCESSION_NUMBER) == accession_number
        ]

    def count(self, study_instance_uid: str) -> int | None:
        """Return Number of Study Related Instances, or count the instances where it is not told."""
        found = self._search(self._url, StudyInstanceUID=study_instance_uid, includefield=STUDY_INSTANCES)
        known = [ds for ds in found if _text(ds, STUDY_INSTANCE_UID) == study_instance_uid]
        if not known:
            return None
        number = _text(known[0], STUDY_INSTANCES)
        return int(number) if number.isdecimal() else len(self.instances(study_instance_uid))

    def instances(self, study_instance_uid: str) -> list[SourceInstance]:
        """List page by page; a server that turns none is not asked for ever."""
        url = f"{self._url}/{quote(study_instance_uid)}/instances"
        listed: dict[SourceInstance, None] = {}
        offset, is_new = 0, True
        while is_new:
            page = self._search(url, limit=str(PAGE), offset=str(offset))
            before, offset = len(listed), offset + len(page)
            listed |= dict.fromkeys(_instances_in(page))
            is_new = len(listed) > before
            if len(listed) > MOST_INSTANCES:
                raise PeerUnreachable(f"{self._name} lists more than {MOST_INSTANCES} instances of a study.")
        return list(listed)

    def retrieve(self, study_instance_uid: str, wanted: Sequence[SourceInstance], keep: Keep) -> Iterator[Retrieved]:
        """Retrieve as the server has stored it."""
        completed = failed = 0
        for one in wanted:
            if self._retrieve(study_instance_uid, one, keep):
                completed += 1
            else:
                failed += 1
            yield Retrieved(completed, failed)

    def check(self) -> str:
        """Search for a study that cannot be there."""
        start = time.monotonic()
        self.count(NO_STUDY)
        return f"answers a search in {(time.monotonic() - start) * 1000:.0f} ms"

    def _search(self, url: str, **query: str) -> list[dict[str, Any]]:
        response = self._http.request("GET", f"{url}?{urlencode(query)}", DICOM_JSON, longest_bytes=8 << 20)
        if response.status == 204:
            return []
        if response.status != 200:
            raise response.failure(self._name)
        try:
            content = json.loads(response.body)
        except (ValueError, RecursionError) as error:
            raise PeerUnreachable(f"{self._name} answered a search with what is no DICOM JSON.") from error
        return [ds for ds in content if isinstance(ds, dict)] if isinstance(content, list) else []

    def _retrieve(self, study_instance_uid: str, one: SourceInstance, keep: Keep) -> bool:
        path = f"{quote(study_instance_uid)}/series/{quote(one.series_instance_uid)}/instances"
        url = f"{self._url}/{path}/{quote(one.sop_instance_uid)}"
        response = self._http.request("GET", url, AS_STORED, longest_bytes=LARGEST_INSTANCE_BYTES)
        if response.status in GONE:
            return False
        if response.status != 200:
            failure = response.failure(self._name)
            if isinstance(failure, PeerError) and not failure.retryable:
                return False
            raise failure
        files = list(parts_of(response.body, response.content_type))
        return bool(files) and all(keep(file) == SUCCESS for file in files)


def parts_of(body: bytes, content_type: str) -> Iterator[bytes]:
    """Yield the contents of a multipart body (RFC 2046 5.1), or the one of a body that has no parts."""
    boundary = re.search(r'boundary="?([^";,]+)"?', content_type)
    if not content_type.lower().startswith("multipart/") or boundary is None:
        yield body
        return
    delimiter = b"\r\n--" + boundary[1].strip().encode("latin-1", "replace")
    for part in (b"\r\n" + body).split(delimiter)[1:]:
        if part.startswith(b"--"):
            return
        _, separator, content = part.partition(b"\r\n\r\n")
        if separator:
            yield content


def _instances_in(page: Sequence[dict[str, Any]]) -> Iterator[SourceInstance]:
    for ds in page:
        one = SourceInstance(_text(ds, SERIES_INSTANCE_UID), _text(ds, SOP_INSTANCE_UID), _text(ds, SOP_CLASS_UID))
        if is_uid(one.series_instance_uid) and is_uid(one.sop_instance_uid):
            yield one


def _text(ds: dict[str, Any], tag: str) -> str:
    """Return the first value of an element, empty without one (PS3.18 Annex F)."""
    element = ds.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]).strip("\0 ") if isinstance(values, list) and values else ""
