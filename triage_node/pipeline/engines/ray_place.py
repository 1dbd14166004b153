"""A place for a worker on a cluster of Ray: whoever dies there is followed by another."""

import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from triage_node import __version__
from triage_node.config import Settings
from triage_node.errors import StorageError
from triage_node.lasting_thread import LastingThread
from triage_node.pipeline.engines.ray_worker import LISTEN_SECONDS, Message, RayWorker
from triage_node.pipeline.restarts import Restarts
from triage_node.ray_cluster import RayCluster, cause_of
from triage_node.worklist import Claims

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
SILENT_SECONDS = 60.0 + LISTEN_SECONDS
ROOM_SECONDS = 30.0
"""A worker that has not begun by then probably waits for room; what it wants and what there is is said."""


class RayPlace:
    """Keep one worker there, in a thread of its own.

    Parameters
    ----------
    name
        Of the program; the worker's adds to it.
    claims
        Where the studies of a worker that ended are given back.
    tell
        Is told what the worker says of itself, and why there is none.
    """

    def __init__(
        self, cluster: RayCluster, name: str, settings: Settings, claims: Claims, tell: Callable[[Message], None]
    ) -> None:
        self._cluster = cluster
        self._name = name
        self._settings = settings
        self._claims = claims
        self._tell = tell
        self._stopping = threading.Event()
        self._actor: Any = None
        self._thread = LastingThread(self._run, "place", self._stopping)

    def start(self) -> None:
        """Have a worker from now on."""
        self._thread.start()

    def use(self, settings: Settings) -> None:
        """Hand other settings to the worker, and to those that follow."""
        self._settings = settings
        if self._actor is not None:
            self._actor.use.remote(settings.model_dump_json())

    def stop(self) -> None:
        """End the worker; its study returns to the queue as if it had not begun."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        restarts = Restarts()
        while not self._stopping.is_set():
            name = f"{self._name}:{secrets.token_hex(4)}"
            restarts.started()
            why = self._follow(name)
            if self._stopping.is_set():
                self._release(self._claims.give_back, name)
                return
            pause = restarts.ended()
            log.error("worker_died worker=%s restart_in_seconds=%.0f error=%s", name, pause, why)
            self._tell({"error": why, "died": True})
            self._release(self._claims.release_worker, name)
            self._stopping.wait(pause)

    def _follow(self, name: str) -> str:
        """Start a worker and hear it until it ends; return why it did, nothing when it was told to."""
        errors = self._cluster.ray.exceptions
        self._actor = actor = self._start(name)
        try:
            return self._hear(actor, name)
        except errors.RayActorError as error:
            return cause_of(error)
        finally:
            self._actor = None
            self._cluster.ray.kill(actor)

    def _start(self, name: str) -> Any:
        settings = self._settings
        options = {
            "num_cpus": settings.ray_worker_cpus,
            "num_gpus": settings.ray_worker_gpus,
            "max_restarts": 0,
            "max_concurrency": 2,
            **self._cluster.actor_options,
            **({} if settings.ray_spreads else self._cluster.on_this_machine),
        }
        actor = self._cluster.ray.remote(RayWorker).options(**options)
        return actor.remote(name, settings.model_dump_json(), __version__, str(Path.cwd()))

    def _hear(self, actor: Any, name: str) -> str:
        self._wait_for_room(actor, name)
        heard_at = time.monotonic()
        asked = actor.messages.remote()
        while not self._stopping.is_set():
            answer = self._answer(asked)
            if answer is None and time.monotonic() - heard_at > SILENT_SECONDS:
                return f"it said nothing for {SILENT_SECONDS:.0f} s"
            if answer is None:
                continue
            heard_at, asked = time.monotonic(), actor.messages.remote()
            for message in answer:
                if "ended" in message:
                    return f"exit code {message['ended']}"
                self._pass_on(message)
        return ""

    def _wait_for_room(self, actor: Any, name: str) -> None:
        asked, since, is_told = actor.process.remote(), time.monotonic(), False
        while not self._stopping.is_set():
            where = self._answer(asked)
            if where is not None:
                log.info("worker_placed worker=%s process=%s", name, where)
                return
            if not is_told and time.monotonic() - since > ROOM_SECONDS:
                is_told = True
                why = self._no_room()
                log.error("worker_not_placed worker=%s error=%s", name, why)
                self._tell({"error": why})

    def _no_room(self) -> str:
        wanted, cluster = self._settings, self._cluster
        return (
            f"Ray has started no worker for {ROOM_SECONDS:.0f} s: each wants {wanted.ray_worker_cpus} "
            f"processors and {wanted.ray_worker_gpus:g} GPUs; the cluster has {cluster.resource('CPU'):g} and "
            f"{cluster.resource('GPU'):g} in all."
        )

    def _answer(self, asked: Any) -> Any:
        """Return an answer, None while there is none."""
        try:
            return self._cluster.ray.get(asked, timeout=LOOK_SECONDS)
        except self._cluster.ray.exceptions.GetTimeoutError:
            return None

    def _pass_on(self, message: Message) -> None:
        if "line" in message:
            sys.stderr.write(message["line"])
        else:
            self._tell(message)

    def _release(self, how: Callable[[str], object], name: str) -> None:
        try:
            how(name)
        except StorageError as error:
            log.error("claims_not_released error=%s", error)
