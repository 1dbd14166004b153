"""A web server that is told of results: one signed POST each."""

import time
from collections.abc import Callable

from triage_node.delivery.notices.cloud_event import MEDIA_TYPE, cloud_event
from triage_node.delivery.notices.notice import Notice
from triage_node.delivery.notices.signature import read_secret, signed_headers
from triage_node.delivery.notices.text import NoticeText
from triage_node.endpoints import Destination
from triage_node.errors import PeerUnreachable, SettingsError
from triage_node.user_agent import Caller, HttpCaller

ACCEPT = "application/json, */*;q=0.1"
LONGEST_ANSWER_BYTES = 1 << 16
WITHOUT_OPTIONS = frozenset([400, 404, 405, 406, 415, 422, 501])


class Webhook:
    """Post notices over one connection while there are more."""

    def __init__(self, destination: Destination, caller: Caller, clock: Callable[[], float] = time.time) -> None:
        assert destination.secret_file is not None  # the settings refuse a webhook without one
        self._url = destination.url.removeprefix("webhook+")
        self._name = destination.name
        self._secret_file = destination.secret_file
        self._public_url = caller.public_url
        self._text = NoticeText(destination.template, destination.patient_data)
        self._http = HttpCaller(destination, caller)
        self._clock = clock

    def tell(self, notice: Notice) -> str:
        """Post a notice; it is told when the answer is a success, whatever stands in it."""
        body = cloud_event(notice, self._text.text(notice), self._public_url)
        try:
            headers = signed_headers(read_secret(self._secret_file), notice.id, self._clock(), body)
        except SettingsError as error:
            raise PeerUnreachable(f"{self._name} cannot be told anything: {error}") from error
        response = self._http.request(
            "POST", self._url, ACCEPT, body, MEDIA_TYPE, LONGEST_ANSWER_BYTES, more_headers=headers
        )
        if 200 <= response.status < 300:
            return f"webhook {notice.id}, answered {response.status}"
        raise response.failure(self._name)

    def check(self) -> str:
        """Ask for the options, which tells nothing."""
        read_secret(self._secret_file)
        start = time.monotonic()
        response = self._http.request("OPTIONS", self._url, ACCEPT, longest_bytes=LONGEST_ANSWER_BYTES)
        milliseconds = (time.monotonic() - start) * 1000
        if 200 <= response.status < 300:
            return f"answers OPTIONS in {milliseconds:.0f} ms"
        if response.status in WITHOUT_OPTIONS:
            return f"answers in {milliseconds:.0f} ms, but not OPTIONS ({response.status}); only a test shows more"
        raise response.failure(self._name)

    def rest(self) -> None:
        """Close the connection."""
        self._http.close()
