"""The stream of changes for programs: what comes, where it goes on, and when it ends."""

import asyncio
import json
from contextlib import suppress

import pytest

from triage_node.identity import Role
from triage_node.web.api import events


def received(text):
    """The events of a stream: name, ID or None, data."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in lines:
            found.append((lines["event"], lines.get("id"), json.loads(lines["data"])))
    return found


def now(program, **headers):
    answer = program.get("/api/events?seconds=0", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return received(answer.text)


def test_a_stream_goes_on_after_the_last_event_that_came(site, analyzed):
    analyzed("1.2.1")
    program = site.program()
    everything = received(program.get("/api/events?seconds=0&marker=0").text)
    assert [(name, data["study_instance_uid"]) for name, _, data in everything] == [("study", "1.2.1")]
    last = everything[-1][1]
    assert now(program, **{"Last-Event-ID": last}) == []
    analyzed("1.2.2", decision="uncertain")
    [(_, identifier, data)] = now(program, **{"Last-Event-ID": last})
    assert int(identifier) > int(last)
    assert data == program.get("/api/studies", params={"text": "1.2.2"}).json()["studies"][0]


def test_without_a_marker_only_what_happens_from_now_on_is_sent(site, analyzed):
    analyzed("1.2.1")
    assert now(site.program()) == []


def test_studies_that_come_together_have_their_marker_at_the_last(site, analyzed, monkeypatch):
    monkeypatch.setattr(events, "AT_ONCE", 2)
    for number in range(5):
        analyzed(f"1.2.{number}")
    found = received(site.program().get("/api/events?seconds=0&marker=0").text)
    assert [identifier is not None for _, identifier, _ in found] == [False, True, False, True, True]
    [(_, _, rest)] = now(site.program(), **{"Last-Event-ID": found[3][1]})
    assert rest["study_instance_uid"] == "1.2.4"


def test_a_marker_that_never_was_is_told_and_not_waited_for(site, analyzed):
    analyzed("1.2.1")
    [(name, identifier, data)] = now(site.program(), **{"Last-Event-ID": "999999"})
    assert (name, data) == ("reset", {"marker": int(identifier)})
    assert now(site.program(), **{"Last-Event-ID": identifier}) == []


@pytest.mark.parametrize("wrong", ["?seconds=-1", "?seconds=3601", "?marker=-1"])
def test_a_stream_has_bounds(site, wrong):
    assert site.program().get(f"/api/events{wrong}").status_code == 422


def test_an_event_id_that_is_none_is_refused(site):
    assert site.program().get("/api/events", headers={"Last-Event-ID": "x"}).status_code == 422


class OpenStream:
    """A stream that stays open, read as it comes."""

    def __init__(self, site, token, query=""):
        self.text, self.ended = "", False
        headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())]
        scope = {
            "type": "http", "method": "GET", "path": "/api/events", "raw_path": b"/api/events",
            "query_string": query.encode(), "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http",
            "server": ("127.0.0.1", 80), "http_version": "1.1", "asgi": {"version": "3.0"}, "root_path": "",
        }  # fmt: skip
        self._gone = asyncio.Event()
        self.task = asyncio.create_task(site.application(scope, self._receive, self._send))

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        if message["type"] == "http.response.body":
            self.text += message["body"].decode()
            self.ended = not message.get("more_body", False)

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():
                assert not self.task.done() or condition(), self.text
                await asyncio.sleep(0.01)

    async def close(self):
        self._gone.set()
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


def test_a_change_comes_while_the_stream_is_open(site, analyzed):
    token = site.worklist.tokens.add("watcher", Role.SERVICE)

    async def watch():
        stream = OpenStream(site, token)
        await stream.until(lambda: "retry:" in stream.text)
        await asyncio.to_thread(analyzed, "1.2.1")
        await stream.until(lambda: '"state": "analyzed"' in stream.text)
        await stream.close()
        return received(stream.text)

    found = asyncio.run(watch())
    assert found[-1][2]["state"] == "analyzed"
    assert not site.application.state.services.streams._open


def test_a_stream_ends_when_its_token_is_taken_back_and_the_oldest_of_too_many_gives_way(site, monkeypatch):
    monkeypatch.setattr(events, "ALIVE_SECONDS", 0.05)
    token = site.worklist.tokens.add("watcher", Role.SERVICE)

    async def watch():
        streams = []
        for _ in range(5):
            streams.append(OpenStream(site, token))
            await streams[-1].until(lambda: "alive" in streams[-1].text)
        await streams[0].until(lambda: streams[0].ended)
        assert not any(stream.ended for stream in streams[1:])
        await asyncio.to_thread(site.worklist.tokens.remove, "watcher")
        for stream in streams[1:]:
            await stream.until(lambda: stream.ended)  # noqa: B023 - it is asked before the next one

    asyncio.run(watch())
