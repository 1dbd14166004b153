"""Processes that make batches ahead, so that a GPU need not wait for them.

Threads of one Python process wait for each other many times a slice, and six of them used one and a half cores of 16.
"""

import pickle
from collections.abc import Callable
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import cv2
import numpy as np

from triage_node.errors import ModelError
from triage_node.train.fitting.settings import FitSettings

# Batches that each process has ready at most.
AHEAD = 2


class Pool(Protocol):
    """Slices to draw from."""

    def batch(self, size: int, rng: np.random.Generator) -> tuple[Any, ...]:
        """Return inputs, targets by output and, where slices count differently, their weights by output."""

    def add_folder(self, folder: Path) -> None:
        """Take in shards that have appeared."""


def make_batch(pool: Pool, settings: FitSettings, epoch: int, index: int) -> tuple[Any, ...]:
    """Return a batch of an epoch: the same in every run with the same seed and shards, whoever makes it."""
    return pool.batch(settings.batch, np.random.default_rng([settings.seed, epoch, index]))


def _bytes_of(memory: SharedMemory) -> np.ndarray:
    return np.ndarray((memory.size,), np.uint8, memory.buf)


class _Slot:
    """A piece of shared memory that one batch at a time is handed over in."""

    def __init__(self) -> None:
        self.memory: SharedMemory | None = None

    def put(self, batch: tuple[Any, ...]) -> tuple[str, list[int], bytes]:
        """Lay the arrays of a batch down; return the name of the memory, their sizes, and the batch without them."""
        buffers: list[pickle.PickleBuffer] = []
        rest = pickle.dumps(batch, protocol=5, buffer_callback=buffers.append)
        parts = [buffer.raw() for buffer in buffers]
        sizes = [part.nbytes for part in parts]
        if self.memory is None or self.memory.size < sum(sizes):
            self.memory = SharedMemory(create=True, size=sum(sizes))
        target, start = _bytes_of(self.memory), 0
        for part in parts:
            target[start : start + part.nbytes] = np.frombuffer(part, np.uint8)
            start += part.nbytes
        return self.memory.name, sizes, rest


def _make_batches(
    connection: Connection,
    make_pool: Callable[[], Pool],
    shards: Path | None,
    settings: FitSettings,
    numbers: tuple[int, int],
) -> None:
    """Make every so many-th batch, without end; the other side says when it has taken one."""
    cv2.setNumThreads(1)  # the processes share the cores among them already
    first, step = numbers
    slots = [_Slot() for _ in range(AHEAD)]
    try:
        pool, epoch = make_pool(), first // settings.epoch
        for turn, number in enumerate(count(first, step)):
            at, index = divmod(number, settings.epoch)
            if at > epoch and shards is not None:
                pool.add_folder(shards)
            epoch = at
            batch = make_batch(pool, settings, epoch, index)
            if turn >= AHEAD:
                connection.recv()
            connection.send(slots[turn % AHEAD].put(batch))
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return  # the fit is over
    except Exception as error:
        connection.send(error)


class BatchWorkers:
    """Some processes, each with a pool of its own, that make the batches of a fit in turn; a context.

    Parameters
    ----------
    make_pool
        Makes the pool in each process; it must be possible to pickle it.
    shards
        Folder that pools take more shards from at every epoch, or None.
    settings
        Of the fit; `batch_workers` is how many processes.
    epoch
        First epoch.
    """

    def __init__(
        self, make_pool: Callable[[], Pool], shards: Path | None, settings: FitSettings, epoch: int = 0
    ) -> None:
        context = get_context("spawn")
        self._settings, self._memories = settings, dict[str, SharedMemory]()
        self._next = epoch * settings.epoch
        self._connections, self._processes = [], []
        for worker in range(settings.batch_workers):
            here, there = context.Pipe()
            numbers = (self._next + worker, settings.batch_workers)
            work = (there, make_pool, shards, settings, numbers)
            process = context.Process(target=_make_batches, args=work, daemon=True)
            process.start()
            there.close()
            self._connections.append(here)
            self._processes.append(process)
        self._first = self._next

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()
        for connection in self._connections:
            self._see_the_rest(connection)
        for memory in self._memories.values():
            memory.close()

    def _see_the_rest(self, connection: Connection) -> None:
        """Take the memory of batches that nobody asked for any more, so that it is given back."""
        try:
            while isinstance(message := connection.recv(), tuple):
                self._memory(message[0])
        except (EOFError, OSError):  # also when the process was ended within a message
            return

    def batch(self, epoch: int, index: int) -> tuple[Any, ...] | None:
        """Return a batch of an epoch; None when it was handed out before: batches are asked for in their order.

        Raises
        ------
        ModelError
            When a process has ended.
        """
        if epoch * self._settings.epoch + index < self._next:
            return None
        connection = self._connections[(self._next - self._first) % len(self._connections)]
        self._next += 1
        try:
            message = connection.recv()
            if isinstance(message, Exception):
                raise message
            name, sizes, rest = message
            buffers = self._copies(name, sizes)
            connection.send(None)
        except (EOFError, OSError) as error:
            raise ModelError("A process that makes batches has ended. Is memory short? Then use fewer.") from error
        batch: tuple[Any, ...] = pickle.loads(rest, buffers=buffers)  # noqa: S301, it is our own child
        return batch

    def _copies(self, name: str, sizes: list[int]) -> list[np.ndarray]:
        """Return copies of the arrays in a piece of memory, which is written anew afterwards."""
        everything = _bytes_of(self._memory(name))
        ends = np.cumsum(sizes)
        return [everything[end - size : end].copy() for end, size in zip(ends, sizes, strict=True)]

    def _memory(self, name: str) -> SharedMemory:
        if name not in self._memories:
            self._memories[name] = SharedMemory(name)
            self._memories[name].unlink()  # it lives on until both sides have closed it, and no longer
        return self._memories[name]
