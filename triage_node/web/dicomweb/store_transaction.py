"""Instances of one request on their way through ingest, a few at a time."""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from starlette.concurrency import run_in_threadpool

from triage_node.errors import InvalidInstance, StorageError
from triage_node.ingest import Header, Ingest, Sender, status_of
from triage_node.storage import Draft
from triage_node.web.dicomweb.related_parts import Part
from triage_node.web.http.media_types import DICOM

AT_ONCE = 4
"""Instances written at once for one request: while one waits for the disk, the next comes in."""
LARGEST_IN_MEMORY = 4 << 20
"""Bytes of a part that are held before it is written piece by piece."""


@dataclass(frozen=True)
class Failure:
    """An instance that was not stored; without a header when none could be read."""

    status: int
    header: Header | None = None


@dataclass
class Answers:
    """What became of the instances of a request."""

    stored: list[Header] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


class StoreTransaction:
    """Give the parts of a request to ingest; use it in an `async with`, at the end of which all are answered.

    Parameters
    ----------
    study_instance_uid
        The study the request names; instances of others are refused.
    """

    def __init__(self, ingest: Ingest, sender: Sender, study_instance_uid: str | None) -> None:
        self._ingest = ingest
        self._sender = sender
        self._study_instance_uid = study_instance_uid
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tasks = asyncio.TaskGroup()
        self._draft: Draft | None = None
        self.answers = Answers()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            # Whatever ends the request early, what has come in whole is kept.
            await self._tasks.__aexit__(None, None, None)
        finally:
            if self._draft is not None:
                self._draft.discard()

    async def spill(self, part: Part) -> None:
        """Write what has come in of a big part; a disk that refuses is told when the part is whole."""
        if part.error is None and len(part.content) > LARGEST_IN_MEMORY:
            await run_in_threadpool(self._spill, part)

    async def add(self, part: Part) -> None:
        """Store a part that has come in; waits while as many as may be are on their way."""
        await self._room.acquire()
        draft, self._draft = self._draft, None
        self._tasks.create_task(self._store(part, draft))

    def _spill(self, part: Part) -> None:
        try:
            self._draft = self._draft or self._ingest.draft()
            self._draft.write([part.take()])
        except StorageError as error:
            part.give_up(error)

    async def _store(self, part: Part, draft: Draft | None) -> None:
        try:
            self.answers.stored.append(await run_in_threadpool(self._keep, part, draft))
        except Exception as error:  # every instance gets an answer of its own
            header = error.data.get("header") if isinstance(error, InvalidInstance | StorageError) else None
            self.answers.failed.append(Failure(status_of(error), header if isinstance(header, Header) else None))
        finally:
            self._room.release()

    def _keep(self, part: Part, draft: Draft | None) -> Header:
        try:
            self._check(part)
            if draft is None:
                return self._ingest.receive(part.take(), self._sender, self._study_instance_uid)
            draft.write([part.take()])
            return self._ingest.receive_draft(draft, self._sender, self._study_instance_uid)
        finally:
            if draft is not None:
                draft.discard()

    def _check(self, part: Part) -> None:
        error = part.error
        if error is None and part.content_type not in ("", DICOM):
            error = InvalidInstance(f"A part is not {DICOM}.")
        if error is not None:
            self._ingest.refuse_instance(error, self._sender)
            raise error
