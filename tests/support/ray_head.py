"""A cluster of Ray that runs already, as an administrator starts it."""

import contextlib
import secrets
import sys
import tempfile
from pathlib import Path

import psutil
from programs import Program, free_port

STARTED = "Ray runtime started"


class RayHead:
    """Its first machine, with two processors; who has `environment` may join."""

    def __init__(self, folder: Path) -> None:
        # Its sockets' names must be short.
        self._folder = tempfile.TemporaryDirectory(prefix="ray-head-", ignore_cleanup_errors=True)
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self.address = f"127.0.0.1:{free_port()}"
        options = {
            "port": self.address.rpartition(":")[2],
            "node-ip-address": "127.0.0.1",
            "num-cpus": 2,
            "object-store-memory": 200_000_000,
            "include-dashboard": "false",
            "temp-dir": self._folder.name,
        }
        command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block"]
        command += [f"--{name}={value}" for name, value in options.items()]
        self.program = Program(command, folder / "ray-head.log", self.environment)
        self.program.wait_for(STARTED, 120)

    def stop(self) -> None:
        """End it as a power cut would: told to end, it would wait for half a minute for what runs on it."""
        with contextlib.suppress(psutil.NoSuchProcess):
            ours = psutil.Process(self.program.process.pid)
            for process in [ours, *ours.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.program.process.wait()
        self._folder.cleanup()
