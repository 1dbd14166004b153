"""A node between its senders and its PACS, where everything around it may fail at any moment."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from clocks import LIBRARIES, SettableClock
from nodes import RunningNode
from pacs import Storescp
from small_disk import SmallDisk
from tcp_proxy import Proxy

DISK_KB = 300_000
RESERVE_MB = 20
STARTS, STARTS_ON_FULL_DISK = 60, 3
FARTHEST_SECONDS = 7200


@dataclass(frozen=True)
class Size:
    """What a process takes of its machine."""

    megabytes: float
    threads: int
    descriptors: int
    connections: int

    @classmethod
    def of(cls, pid: int) -> "Size":
        """Measure a process."""
        process = psutil.Process(pid)
        connections = [one for one in process.net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED]
        megabytes = process.memory_info().rss / 1e6
        return cls(megabytes, process.num_threads(), process.num_fds(), len(connections))


class Hospital:
    """A node, its PACS, the lines to both, its disk and its clock.

    A fault is begun by one method, which returns the one that ends it. The disk can only be filled by who may mount
    one, the clock only be set where libfaketime is installed.
    """

    def __init__(self, folder: Path, seed: int, **settings: object) -> None:
        self._random = random.Random(seed)
        self._folder = folder
        self.inbound, self.outbound = Proxy(), Proxy()
        self.happened: Counter[str] = Counter()
        self.disk: SmallDisk | None = None
        with contextlib.suppress(PermissionError):
            self.disk = SmallDisk(folder / "disk", DISK_KB)
        self.clock = SettableClock(folder / "clock") if LIBRARIES else None
        self._start_pacs()
        (folder / "node").mkdir()
        self.node = RunningNode(
            folder / "node",
            environment=self.clock.environment if self.clock else None,
            data_dir=str((self.disk.folder if self.disk else folder) / "data"),
            destinations=[f"STORESCP@127.0.0.1:{self.outbound.port}"],
            disk_reserve_mb=RESERVE_MB,
            connect_timeout_seconds=3.0,
            answer_timeout_seconds=5.0,
            analysis_attempts=100,
            **settings,
        )
        self.inbound.target_port = self.node.port

    @property
    def spool(self) -> Path:
        """Where the node keeps what it got."""
        return Path(self.node.options["data_dir"]) / "spool"

    @property
    def size(self) -> Size:
        """What the node's own process takes."""
        return Size.of(self.node.program.process.pid)

    def faults(self) -> dict[str, Callable[[], Callable[[], None]]]:
        """Return what can be made to fail here."""
        possible = {
            "node killed": self.kill_node,
            "worker killed": self.kill_worker,
            "PACS stopped": self.stop_pacs,
            "senders cut": lambda: self._cut(self.inbound),
            "PACS cut": lambda: self._cut(self.outbound),
            "senders stalled": lambda: self._stall(self.inbound),
            "PACS stalled": lambda: self._stall(self.outbound),
        }
        if self.disk is not None:
            possible |= {"disk below its reserve": lambda: self._fill(8 << 20), "disk full": lambda: self._fill(0)}
        if self.clock is not None:
            possible["clock set"] = self._set_clock
        return possible

    def suffer(self, names: list[str], longest_seconds: float, between_seconds: float) -> None:
        """Let faults come and go at random moments, also several at once; in the end all are over."""
        possible, now = self.faults(), 0.0
        moments: list[tuple[float, str, bool]] = []
        for name in names:
            now += self._random.uniform(0, between_seconds)
            moments += [(now, name, True), (now + self._random.uniform(0.1, longest_seconds), name, False)]
        ends: dict[str, list[Callable[[], None]]] = {}
        start = time.monotonic()
        for at, name, begins in sorted(moments):
            time.sleep(max(0.0, start + at - time.monotonic()))
            if begins and name not in ends:
                ends[name] = [possible[name]()]
                self.happened[name] += 1
            elif not begins and name in ends:
                ends.pop(name)[0]()
        for of_all in ends.values():
            of_all[0]()

    def kill_node(self) -> Callable[[], None]:
        """End the node as a power cut would."""
        self.node.kill()
        return self._start_node

    def _start_node(self) -> None:
        """Start it as a service manager does: again, when it cannot yet.

        A full disk keeps it down, and whoever waits here does not free it: an administrator does, after some tries.
        """
        for tries in range(STARTS):
            if tries == STARTS_ON_FULL_DISK and self.disk is not None:
                self.disk.free()
            try:
                self.node.start()
            except AssertionError:
                time.sleep(0.5)
            else:
                self.inbound.target_port = self.node.port
                return
        raise AssertionError(f"the node did not start again:\n{self.node.program.printed[-3000:]}")

    def kill_worker(self) -> Callable[[], None]:
        """End the inference process; the node starts another."""
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            for child in psutil.Process(self.node.program.process.pid).children():
                os.kill(child.pid, signal.SIGKILL)
        return lambda: None

    def stop_pacs(self) -> Callable[[], None]:
        """End the PACS as a power cut would."""
        self.pacs.program.kill()

        return self._start_pacs

    def _start_pacs(self) -> None:
        """Start it on another port; one that was free a moment ago may be taken."""
        for _ in range(STARTS):
            self.pacs = Storescp(self._folder / "pacs")
            while self.pacs.program.process.poll() is None:
                if _listens(self.pacs.program.process.pid):
                    self.outbound.target_port = self.pacs.port
                    return
                time.sleep(0.05)
        raise AssertionError(f"the PACS did not start:\n{self.pacs.program.printed[-3000:]}")

    def stop(self) -> None:
        """End everything that was started."""
        if self.disk is not None:
            self.disk.free()
        for one in (self.node, self.pacs, self.inbound, self.outbound):
            one.stop()
        if self.disk is not None:
            self.disk.unmount()

    def _cut(self, line: Proxy) -> Callable[[], None]:
        line.cut()
        return lambda: None

    def _stall(self, line: Proxy) -> Callable[[], None]:
        line.stall()
        return line.go_on

    def _fill(self, leave_bytes: int) -> Callable[[], None]:
        assert self.disk is not None
        self.disk.fill(leave_bytes)
        return self.disk.free

    def _set_clock(self) -> Callable[[], None]:
        assert self.clock is not None
        self.clock.set(self._random.randint(-FARTHEST_SECONDS, FARTHEST_SECONDS))
        return lambda: None


def _listens(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return any(one.status == psutil.CONN_LISTEN for one in psutil.Process(pid).net_connections("tcp"))
    return False
