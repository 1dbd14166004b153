"""Analyzing processes that are kept busy, and which study it was that ended one."""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from triage_node.archive.analyzer import Task
from triage_node.archive.result_rows import StudyRows
from triage_node.errors import TriageError
from triage_node.ray_cluster import cause_of

log = logging.getLogger(__name__)

AT_ONCE = 2
"""One study is analyzed while the next one is fetched."""
MOST_ENDS = 2
"""A study that ended so many processes, alone in them, is given up."""
MOST_ENDS_IN_A_ROW = 12
"""So many processes that end, and none that answers: it is not the studies."""
LOOK_SECONDS = 1.0


@dataclass
class _Sent:
    """A study that a process has."""

    task: Task
    is_alone: bool


@dataclass
class _Worker:
    """A process, by its actor, and what it has, by the reference to the result.

    Attributes
    ----------
    call
        Whether it is there; None once it was.
    called_at
        When it was called, in seconds of the steady clock.
    since
        When it began what it has, likewise.
    """

    actor: Any
    sent: dict[Any, _Sent] = field(default_factory=dict)
    is_there: bool = False
    call: Any = None
    called_at: float = 0.0
    since: float = 0.0


class RayPool:
    """Give studies to actors, two at a time each.

    Of a process that ends, the study that ended it is found by giving what it had to others one by one.

    Parameters
    ----------
    actors
        Handles of `LoadedAnalyzer`, which Ray starts again when they die.
    longest_seconds
        An actor that answers nothing for longer is ended.
    """

    def __init__(self, ray: Any, actors: Sequence[Any], longest_seconds: float) -> None:
        self._ray = ray
        self._workers = [_Worker(actor) for actor in actors]
        self._longest_seconds = longest_seconds
        self._suspects: deque[Task] = deque()
        self._ends: dict[int, int] = {}
        self._ends_in_a_row = 0

    def run(self, tasks: Iterable[Task]) -> Iterator[list[StudyRows | Task]]:
        """Yield what was answered, and the tasks that are given up, until all are.

        Raises
        ------
        TriageError
            What an actor raised when it was made or asked, or processes end whatever they do.
        """
        waiting = iter(tasks)
        while True:
            self._call_absent()
            self._fill(waiting)
            if any(worker.is_there for worker in self._workers) and not (self._suspects or self._sent):
                return
            if answered := self._collect():
                yield answered
            self._end_stuck()

    @property
    def _sent(self) -> list[Any]:
        return [result for worker in self._workers for result in worker.sent]

    def _call_absent(self) -> None:
        """Ask who is being started whether it is there: what else it is sent before that is lost."""
        for worker in self._workers:
            if not worker.is_there and worker.call is None and time.monotonic() - worker.called_at > LOOK_SECONDS:
                worker.call, worker.called_at = worker.actor.ready.remote(), time.monotonic()

    def _fill(self, waiting: Iterator[Task]) -> None:
        for worker in self._workers:
            while worker.is_there and len(worker.sent) < AT_ONCE:
                if worker.sent and (self._suspects or any(one.task.is_suspect for one in worker.sent.values())):
                    break
                task = self._suspects.popleft() if self._suspects else next(waiting, None)
                if task is None:
                    break
                self._send(worker, task)

    def _send(self, worker: _Worker, task: Task) -> None:
        for other in worker.sent.values():
            other.is_alone = False
        if not worker.sent:
            worker.since = time.monotonic()
        worker.sent[worker.actor.analyze.remote(task)] = _Sent(task, is_alone=not worker.sent)

    def _collect(self) -> list[StudyRows | Task]:
        calls = {worker.call: worker for worker in self._workers if worker.call is not None}
        owner = {result: worker for worker in self._workers for result in worker.sent}
        asked = [*calls, *owner]
        if not asked:
            time.sleep(LOOK_SECONDS)
            return []
        ready, _ = self._ray.wait(asked, num_returns=1, timeout=LOOK_SECONDS)
        if ready:
            ready, _ = self._ray.wait(asked, num_returns=len(asked), timeout=0)
        for call in [one for one in ready if one in calls]:
            self._hear(calls[call])
        answered = [self._answer(owner[result], result) for result in ready if result in owner]
        return [one for one in answered if one is not None]

    def _hear(self, worker: _Worker) -> None:
        call, worker.call = worker.call, None
        errors = self._ray.exceptions
        try:
            self._ray.get(call)
            worker.is_there = True
        except errors.ActorUnavailableError:
            return  # it is called again
        except errors.RayActorError as error:
            raise TriageError(f"No analyzing process could be started: {cause_of(error)}") from error

    def _answer(self, worker: _Worker, result: Any) -> StudyRows | Task | None:
        sent = worker.sent.pop(result)
        worker.since = time.monotonic()
        try:
            answer: StudyRows = self._ray.get(result)
        except self._ray.exceptions.RayTaskError as error:
            raise error.as_instanceof_cause() from error
        except self._ray.exceptions.RayError as error:
            worker.is_there = False
            return self._lost(sent, error)
        self._ends_in_a_row = 0
        return answer

    def _lost(self, sent: _Sent, error: Exception) -> Task | None:
        """Put a study back that was in a process that ended, or give it up."""
        number = sent.task.study.number
        log.warning("scan_worker_ended study_number=%d error=%s", number, type(error).__name__)
        self._ends_in_a_row += 1
        if self._ends_in_a_row > MOST_ENDS_IN_A_ROW * len(self._workers):
            raise TriageError(f"The analyzing processes end one after another: {error}") from error
        if sent.is_alone:
            self._ends[number] = self._ends.get(number, 0) + 1
        if self._ends.get(number, 0) >= MOST_ENDS:
            return sent.task
        self._suspects.append(sent.task.suspected())
        return None

    def _end_stuck(self) -> None:
        for worker in self._workers:
            if worker.is_there and worker.sent and time.monotonic() - worker.since > self._longest_seconds:
                log.error("scan_worker_stuck seconds=%.0f", self._longest_seconds)
                worker.since = time.monotonic()
                self._ray.kill(worker.actor, no_restart=False)
