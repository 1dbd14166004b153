"""A server of the Unified Worklist over the web (UPS-RS, PS3.18 Section 11)."""

import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from triage_node.endpoints import WorkitemServer, has_code
from triage_node.errors import PeerUnreachable
from triage_node.imaging import Item, data_set
from triage_node.user_agent import Caller, HttpCaller, HttpResponse
from triage_node.workitems.manager import WorkitemRefused
from triage_node.workitems.workitem import IN_PROGRESS, SCHEDULED, Workitem

DICOM_JSON = "application/dicom+json"
PAGE = 50
"""So many workitems are asked for at once; what is not among them is when these are done."""
LONGEST_LIST_BYTES = 8 << 20
DONE = frozenset([200, 201, 202, 204])
REFUSED = frozenset([400, 404, 409, 410])
"""Of one workitem; PS3.18 Tables 11.5.3-1 to 11.8.3-1."""
UNAVAILABLE = "UNAVAILABLE"
# A UID that no workitem has: whoever searches for it is told no patient's name.
NO_WORKITEM = "2.25.0"


class UpsServer:
    """Ask and tell a server, a request a step.

    Some servers want a data set as an array of one (PS3.18 F.2.1), some by itself: what one takes is kept.
    """

    def __init__(self, server: WorkitemServer, caller: Caller) -> None:
        self.name = server.name
        self._server = server
        self._url = server.url.rstrip("/")
        self._http = HttpCaller(server, caller)
        self._in_array = True

    def scheduled(self) -> Sequence[Workitem]:
        """Search for what is scheduled for the node's station or procedure; what a server finds beside is left out.

        Not every server searches by all codes of PS3.4 Table CC.2.5-3.
        """
        station, procedure = self._server.station, self._server.procedure
        codes = _code_keys("ScheduledStationNameCodeSequence", station)
        codes |= _code_keys("ScheduledWorkitemCodeSequence", procedure)
        try:
            found = self.search(ProcedureStepState=SCHEDULED, **codes)
        except WorkitemRefused:
            found = self.search(ProcedureStepState=SCHEDULED)
        return [
            one
            for one in found
            if one.state == SCHEDULED
            and one.readiness != UNAVAILABLE
            and has_code(station, one.stations)
            and has_code(procedure, one.procedures)
        ]

    def search(self, **keys: str) -> list[Workitem]:
        """Search for workitems (PS3.18 11.9).

        Raises
        ------
        WorkitemRefused
            The server does not search by these attributes.
        """
        query = urlencode(keys | {"includefield": "all", "limit": str(PAGE)})
        response = self._http.request("GET", f"{self._url}?{query}", DICOM_JSON, longest_bytes=LONGEST_LIST_BYTES)
        if response.status == 204:
            return []
        if response.status in (400, 413):
            raise WorkitemRefused(f"{self.name} answered {response.status}: it does not search so.")
        if response.status not in (200, 206):
            raise response.failure(self.name)
        return [one for ds in self._read(response) if (one := Workitem.read(ds)).uid]

    def retrieve(self, uid: str) -> Workitem | None:
        """Retrieve a workitem (PS3.18 11.5)."""
        response = self._http.request("GET", self._address(uid), DICOM_JSON)
        if response.status in (404, 410):
            return None
        if response.status != 200:
            raise self._failure(response)
        workitem = next(map(Workitem.read, self._read(response)), None)
        if workitem is None or not workitem.state:
            raise PeerUnreachable(f"{self.name} answered with what is no workitem.")
        return workitem

    def create(self, uid: str, attributes: Item) -> bool:
        """Create a workitem (PS3.18 11.4); False when there is one with that UID."""
        response = self._send("POST", f"{self._url}?{quote(uid)}", attributes)
        if response.status == 409:
            return False
        self._check(response)
        return True

    def claim(self, uid: str, transaction_uid: str) -> None:
        """Change the state to IN PROGRESS."""
        self._change_state(uid, transaction_uid, IN_PROGRESS)

    def update(self, uid: str, transaction_uid: str, changes: Item) -> None:
        """Update a workitem; without a Transaction UID one that nobody performs.

        PS3.18 11.6.1 has the Transaction UID in the query, whose form has changed between editions of the Standard,
        and PS3.4 CC.2.6 in the data set; servers look for it here or there.
        """
        query = f"?{quote(transaction_uid)}&transaction-uid={quote(transaction_uid)}" if transaction_uid else ""
        lock = data_set({"TransactionUID": transaction_uid}) if transaction_uid else {}
        self._check(self._send("POST", f"{self._address(uid)}{query}", dict(sorted((changes | lock).items()))))

    def end(self, uid: str, transaction_uid: str, state: str) -> None:
        """Change the state to a final one."""
        self._change_state(uid, transaction_uid, state)

    def rest(self) -> None:
        """Close the connection."""
        self._http.close()

    def check(self) -> str:
        """Search for a workitem that cannot be there; return what the server does."""
        start = time.monotonic()
        self.search(SOPInstanceUID=NO_WORKITEM)
        return f"answers a search for workitems in {(time.monotonic() - start) * 1000:.0f} ms"

    def _change_state(self, uid: str, transaction_uid: str, state: str) -> None:
        change = data_set({"TransactionUID": transaction_uid, "ProcedureStepState": state})
        requester = f"/{quote(self._server.requester, safe='')}" if self._server.requester else ""
        self._check(self._send("PUT", f"{self._address(uid)}/state{requester}", change))

    def _send(self, method: str, url: str, content: Item) -> HttpResponse:
        response = self._send_once(method, url, content, in_array=self._in_array)
        if response.status != 400:
            return response
        other = self._send_once(method, url, content, in_array=not self._in_array)
        if other.status == 400:
            return response
        self._in_array = not self._in_array
        return other

    def _send_once(self, method: str, url: str, content: Item, *, in_array: bool) -> HttpResponse:
        body = json.dumps([content] if in_array else content).encode()
        return self._http.request(method, url, DICOM_JSON, body, DICOM_JSON)

    def _check(self, response: HttpResponse) -> None:
        if response.status not in DONE:
            raise self._failure(response)

    def _failure(self, response: HttpResponse) -> Exception:
        if response.status in REFUSED:
            return WorkitemRefused(f"{self.name} answered {response.status}: the workitem is not as it was.")
        return response.failure(self.name)

    def _address(self, uid: str) -> str:
        return f"{self._url}/{quote(uid, safe='')}"

    def _read(self, response: HttpResponse) -> list[Any]:
        try:
            content = json.loads(response.body)
        except (ValueError, RecursionError) as error:
            raise PeerUnreachable(f"{self.name} answered with what is no DICOM JSON.") from error
        return content if isinstance(content, list) else [content]


def _code_keys(keyword: str, code: str) -> dict[str, str]:
    value, _, scheme = code.partition("^")
    keys = {f"{keyword}.CodeValue": value, f"{keyword}.CodingSchemeDesignator": scheme}
    return {key: one for key, one in keys.items() if one}
