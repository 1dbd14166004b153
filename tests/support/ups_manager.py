"""A strict manager of workitems on loopback, by PS3.18 Section 11 and PS3.4 Annex CC; it shares no code with the node.

It also has images, for WADO-RS and QIDO-RS below the same address.
"""

import io
import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydicom.dataset import Dataset
from web_peers import Answer, Request, WebPeer

DICOM_JSON = "application/dicom+json"
UID = re.compile(r"[0-9]+(\.[0-9]+)+")
TAGS = {
    "SOPInstanceUID": "00080018",
    "TransactionUID": "00081195",
    "ProcedureStepState": "00741000",
    "ProgressInformation": "00741002",
    "Progress": "00741004",
    "ProgressDescription": "00741006",
    "ReasonForCancellation": "00741238",
    "DiscontinuationReason": "0074100E",
    "CancellationDateTime": "00404052",
    "ScheduledProcedureStepPriority": "00741200",
    "ProcedureStepLabel": "00741204",
    "Performed": "00741216",
    "StartDateTime": "00404005",
    "InputReadinessState": "00404041",
    "InputInformationSequence": "00404021",
    "ReferencedRequestSequence": "0040A370",
    "ScheduledStationNameCodeSequence": "00404025",
    "ScheduledWorkitemCodeSequence": "00404018",
    "CodeValue": "00080100",
    "CodingSchemeDesignator": "00080102",
    "StudyInstanceUID": "0020000D",
    "AccessionNumber": "00080050",
    "PatientID": "00100020",
}
MATCHED = {
    "ProcedureStepState",
    "ScheduledProcedureStepPriority",
    "SOPInstanceUID",
    "ScheduledStationNameCodeSequence.CodeValue",
    "ScheduledStationNameCodeSequence.CodingSchemeDesignator",
    "ScheduledWorkitemCodeSequence.CodeValue",
    "ScheduledWorkitemCodeSequence.CodingSchemeDesignator",
    "ReferencedRequestSequence.StudyInstanceUID",
    "ReferencedRequestSequence.AccessionNumber",
}
MOVES = {("SCHEDULED", "IN PROGRESS"), ("IN PROGRESS", "COMPLETED"), ("IN PROGRESS", "CANCELED")}
PERFORMED_NEEDS = {"00404028", "00404050", "00404051", "00404019"}
"""Performed station name, start, end and workitem code, of PS3.4 Table CC.2.5-3."""
OUTPUT = "00404033"
"""Output Information Sequence, which is there in the end and may be empty."""


def element(vr: str, *values: Any) -> dict[str, Any]:
    """Return an attribute."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def code(value: str, scheme: str = "DCM") -> dict[str, Any]:
    """Return an item of a code sequence."""
    return {
        "00080100": element("SH", value),
        "00080102": element("SH", scheme),
        "00080104": element("LO", f"meaning of {value}"),
    }


def new_workitem(
    study: str | None = "1.2.3",
    *,
    priority: str | None = "MEDIUM",
    station: str = "TRIAGE",
    procedure: str = "110004",
    accession: str = "",
    patient_id: str = "P1",
    priors: tuple[str, ...] = (),
    input_study: bool = True,
    retrieve_url: str = "",
    readiness: str = "READY",
) -> dict[str, Any]:
    """Return a workitem as a RIS creates it."""
    request = {"00080050": element("SH", *filter(None, [accession]))}
    if study:
        request["0020000D"] = element("UI", study)
    inputs = [{"0020000D": element("UI", uid)} for uid in ([study] if study and input_study else []) + list(priors)]
    if retrieve_url:
        inputs[0]["0040E025"] = element("SQ", {"00081190": element("UR", retrieve_url)})
    return {
        "00081195": element("UI"),
        "00741000": element("CS", "SCHEDULED"),
        "00741200": element("CS", *filter(None, [priority])),
        "00741204": element("LO", "Triage of a head CT"),
        "00404005": element("DT", "20240101120000"),
        "00404041": element("CS", readiness),
        "00404025": element("SQ", code(station, "99SITE")),
        "00404018": element("SQ", code(procedure)),
        "00404021": element("SQ", *inputs),
        "0040A370": element("SQ", request),
        "00100020": element("LO", patient_id),
        "00100010": element("PN", {"Alphabetic": "Doe^Jane"}),
    }


class UpsManager:
    """Serve workitems until it is stopped.

    ``requests`` are pairs of method and path that came, ``refusals`` those that were refused with why, ``before`` is
    called with each request and may answer in the manager's place, ``matched`` are the keys that it searches by,
    ``wants_array`` tells whether a data set comes as an array of one, ``state_path`` is what states are PUT to.
    """

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.owners: dict[str, str] = {}
        self.progress: dict[str, list[str]] = {}
        self.images: list[Dataset] = []
        self.requests: list[tuple[str, str]] = []
        self.refusals: list[tuple[str, str, str]] = []
        self.matched = set(MATCHED)
        self.wants_array = True
        self.state_path = ["state"]
        self.before: Callable[[Request], Answer | None] = lambda _: None
        self.after: Callable[[Request, Answer], Answer] = lambda _, answer: answer
        self._lock = threading.Lock()
        self._peer = WebPeer(self._answer)
        self._number = 0

    @property
    def url(self) -> str:
        """Where its workitems are."""
        return self._peer.url.replace("/studies", "/workitems")

    @property
    def studies_url(self) -> str:
        """Where its images are."""
        return self._peer.url

    def stop(self) -> None:
        """Serve no more."""
        self._peer.stop()

    def add(self, workitem: dict[str, Any] | None = None, **more: Any) -> str:
        """Have a workitem scheduled and return its UID."""
        self._number += 1
        uid = f"1.9.{self._number}"
        self.items[uid] = (workitem or new_workitem(**more)) | {"00080018": element("UI", uid)}
        return uid

    def value(self, uid: str, keyword: str) -> Any:
        """Return the first value of an attribute, None without one."""
        return next(iter(self.items[uid].get(TAGS[keyword], {}).get("Value", [])), None)

    def put(self, uid: str, keyword: str, value: Any) -> None:
        """Change an attribute as the manager itself may."""
        self.items[uid][TAGS[keyword]]["Value"] = [value]

    def state(self, uid: str) -> str:
        """Return the Procedure Step State."""
        return self.value(uid, "ProcedureStepState")

    def claim(self, uid: str, transaction_uid: str = "1.7.7") -> None:
        """Be another performer."""
        self.owners[uid] = transaction_uid
        self.put(uid, "ProcedureStepState", "IN PROGRESS")

    def changes(self) -> list[tuple[str, str]]:
        """Return the requests that were no questions."""
        return [one for one in self.requests if one[0] != "GET"]

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            url = urlsplit(request.path)
            self.requests.append((request.method, url.path.removeprefix("/dicomweb")))
            answer = self.before(request) or self._route(request, url.path, parse_qsl(url.query, True))
            if answer.status >= 400:
                self.refusals.append((request.method, url.path, answer.body.decode()))
            return self.after(request, answer)

    def _route(self, request: Request, path: str, query: list[tuple[str, str]]) -> Answer:
        if request.headers.get("Accept") != DICOM_JSON and "/workitems" in path:
            return Answer(406, b"no acceptable media type")
        parts = [unquote(part) for part in path.removeprefix("/dicomweb/").split("/")]
        match (request.method, parts):
            case "GET", ["workitems"]:
                return self._search(query)
            case "GET", ["workitems", uid]:
                return self._found([self._shown(uid)]) if uid in self.items else Answer(404, b"no such workitem")
            case "POST", ["workitems"]:
                return self._create(request, query)
            case "POST", ["workitems", uid]:
                return self._update(request, uid, query)
            case "PUT", ["workitems", uid, *rest] if rest == self.state_path:
                return self._change_state(request, uid)
            case "GET", ["studies", *rest]:
                return self._image(rest, dict(query))
        return Answer(405, b"no such transaction")

    def _shown(self, uid: str) -> dict[str, Any]:
        return {tag: one for tag, one in sorted(self.items[uid].items()) if tag != TAGS["TransactionUID"]}

    def _found(self, found: list[dict[str, Any]]) -> Answer:
        if not found:
            return Answer(204)
        return Answer(200, json.dumps(found).encode(), {"Content-Type": DICOM_JSON})

    def _search(self, query: list[tuple[str, str]]) -> Answer:
        keys = {name: value for name, value in query if name not in ("includefield", "limit", "offset")}
        if unknown := keys.keys() - self.matched:
            return Answer(400, f"no key: {unknown}".encode())
        found = [uid for uid in self.items if all(self._matches(uid, name, value) for name, value in keys.items())]
        return self._found([self._shown(uid) for uid in found][: int(dict(query).get("limit", 100))])

    def _matches(self, uid: str, name: str, value: str) -> bool:
        items = [self.items[uid]]
        for part in name.split("."):
            items = [one for ds in items for one in ds.get(TAGS[part], {}).get("Value", [])]
        return value in items

    def _create(self, request: Request, query: list[tuple[str, str]]) -> Answer:
        ds, refusal = self._body(request)
        if refusal is not None:
            return refusal
        [uid] = [value or name for name, value in query] or [None]
        if uid is None or not UID.fullmatch(uid):
            return Answer(400, b"no UID")
        if uid in self.items:
            return Answer(409, b"duplicate")
        if ds["00741000"]["Value"] != ["SCHEDULED"] or ds["00081195"].get("Value"):
            return Answer(400, b"not SCHEDULED, or locked")
        for tag in ("00741200", "00741204", "00404005", "00404041", "00404018", "00100020", "0040A370", "00404021"):
            if not ds[tag].get("Value"):
                return Answer(400, f"{tag} is empty".encode())
        if any(item.keys() < {"00080100", "00080102", "00080104"} for item in ds["00404018"]["Value"]):
            return Answer(400, b"a code is not whole")
        self.items[uid] = ds | {"00080018": element("UI", uid)}
        return Answer(201, b"", {"Location": f"{self.url}/{uid}"})

    def _update(self, request: Request, uid: str, query: list[tuple[str, str]]) -> Answer:
        ds, refusal = self._body(request)
        if uid not in self.items:
            return Answer(404, b"no such workitem")
        if refusal is not None:
            return refusal
        given = {value or name for name, value in query} | set(ds.pop("00081195", {}).get("Value", []))
        if "00741000" in ds:
            return Answer(400, b"the state is not updated")
        if self.state(uid) in ("COMPLETED", "CANCELED"):
            return Answer(400, b"it has ended")
        wanted = {self.owners[uid]} if self.state(uid) == "IN PROGRESS" else set()
        if given != wanted:
            return Answer(400, b"the Transaction UID is missing, incorrect, or not wanted")
        self.items[uid] |= ds
        for told in ds.get(TAGS["ProgressInformation"], {}).get("Value", []):
            self.progress.setdefault(uid, []).extend(told.get(TAGS["ProgressDescription"], {}).get("Value", []))
        return Answer(200)

    def _change_state(self, request: Request, uid: str) -> Answer:
        ds, refusal = self._body(request)
        if uid not in self.items:
            return Answer(404, b"no such workitem")
        if refusal is not None:
            return refusal
        if set(ds) != {"00081195", "00741000"}:
            return Answer(400, b"not the two attributes of a change")
        [transaction_uid], [state] = ds["00081195"]["Value"], ds["00741000"]["Value"]
        if not UID.fullmatch(transaction_uid) or len(transaction_uid) > 64:
            return Answer(400, b"no Transaction UID")
        was = self.state(uid)
        if state == was and state in ("COMPLETED", "CANCELED"):
            return Answer(
                200, b"", {"Warning": f"299 {self.url}: The UPS is already in the requested state of {state}."}
            )
        if (was, state) not in {
            ("SCHEDULED", "IN PROGRESS"),
            ("IN PROGRESS", "COMPLETED"),
            ("IN PROGRESS", "CANCELED"),
        }:
            return Answer(409, f"{was} cannot become {state}".encode())
        if was == "IN PROGRESS" and self.owners[uid] != transaction_uid:
            return Answer(400, b"the Transaction UID is incorrect")
        if lacking := self._lacking(uid, state):
            return Answer(400, f"the final state lacks {lacking}".encode())
        if was == "SCHEDULED":
            self.owners[uid] = transaction_uid
        self.put(uid, "ProcedureStepState", state)
        return Answer(200)

    def _lacking(self, uid: str, state: str) -> set[str]:
        told = self.value(uid, "ProgressInformation") or {}
        if state == "CANCELED":
            return {TAGS["CancellationDateTime"], TAGS["DiscontinuationReason"]} - _filled(told)
        if state == "COMPLETED":
            performed = self.value(uid, "Performed")
            if performed is None:
                return {TAGS["Performed"]}
            return (PERFORMED_NEEDS - _filled(performed)) | ({OUTPUT} - performed.keys())
        return set()

    def _body(self, request: Request) -> tuple[dict[str, Any], Answer | None]:
        if request.headers.get("Content-Type") != DICOM_JSON:
            return {}, Answer(415, b"no DICOM JSON")
        content = json.loads(request.body)
        if isinstance(content, list) is not self.wants_array:
            return {}, Answer(400, b"an array, or none")
        [ds] = content if self.wants_array else [content]
        if list(ds) != sorted(ds):
            return {}, Answer(400, b"not in the order of its tags")
        return ds, None

    def _image(self, parts: list[str], query: dict[str, str]) -> Answer:
        match parts:
            case []:
                of_study = [ds for ds in self.images if ds.StudyInstanceUID == query["StudyInstanceUID"]]
                study = {"0020000D": element("UI", query["StudyInstanceUID"]), "00201208": element("IS", len(of_study))}
                return self._found([study] if of_study else [])
            case [study, "instances"]:
                of_study = [ds for ds in self.images if ds.StudyInstanceUID == study]
                page = of_study[int(query["offset"]) :][: int(query["limit"])]
                return self._found([_uids(ds) for ds in page])
            case [_, "series", _, "instances", uid]:
                file = io.BytesIO()
                next(ds for ds in self.images if ds.SOPInstanceUID == uid).save_as(file, enforce_file_format=True)
                return Answer(200, file.getvalue(), {"Content-Type": "application/dicom"})
        return Answer(404, b"no such images")


def _filled(item: dict[str, Any]) -> set[str]:
    return {tag for tag, one in item.items() if one.get("Value")}


def _uids(ds: Dataset) -> dict[str, Any]:
    tags = {"00080016": "SOPClassUID", "00080018": "SOPInstanceUID", "0020000E": "SeriesInstanceUID"}
    return {tag: element("UI", str(ds[keyword].value)) for tag, keyword in tags.items()}
