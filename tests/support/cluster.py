"""A node in several processes on one PostgreSQL and one folder, each with some of the roles."""

import os
import re
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from nodes import MODEL_SECONDS, toml
from pacs import Storescp
from postgresql import PostgreSQL
from programs import WITHOUT_EXTRAS, Program, need
from tcp_proxy import Proxy

from triage_node.config import Settings
from triage_node.worklist import Worklist

STARTED = "data in"
STORED = re.compile(r"storing DICOM file: (\S+)")


class RoleProcess:
    """`triage-node serve --roles …` with a configuration of its own."""

    def __init__(
        self, folder: Path, name: str, roles: str, environment: dict[str, str] | None = None, **settings: Any
    ) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        config = folder / f"{name}.toml"
        config.write_text("\n".join(f"{key} = {toml(value)}" for key, value in settings.items()))
        self._command = [need("triage-node"), "--config", config, "serve", "--roles", roles]
        self.program = Program(self._command, self._log, WITHOUT_EXTRAS | (environment or {}))

    @property
    def port(self) -> int:
        """The port of a listener."""
        found = re.search(r":(\d+);", self.program.wait_for("listens on"))
        assert found is not None
        return int(found[1])

    @property
    def claimed_as(self) -> str:
        """How it is named in claims."""
        found = re.search(r"node_started node='([^']+)'", self.program.wait_for("node_started"))
        assert found is not None
        return found[1]

    def wait_started(self) -> None:
        """Wait until it does its work; a worker, until the model is loaded."""
        self.program.wait_for(STARTED, 120)
        if self.name.startswith("worker"):
            self.program.wait_for("worker_ready", MODEL_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.program.kill()


class Cluster:
    """Two listeners, three workers, two that deliver, two for upkeep, a PACS, and what may fail of it.

    The last worker and the first that delivers are on a machine of their own, whose way to the database can be cut.
    Senders reach the listeners by two addresses, which a load balancer leads to one that lives.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self._beside = tempfile.TemporaryDirectory(prefix="triage-postgresql-")
        # What is acknowledged must survive the database's end: it writes as it would in a hospital.
        self.postgresql = PostgreSQL(Path(self._beside.name), ())
        self.cut_off = Proxy(self.postgresql.port)
        self.pacs = Storescp(folder / "pacs")
        self.options: dict[str, Any] = {
            "dicom_port": 0,
            "web_enabled": False,
            "data_dir": str(folder / "data"),
            "destinations": [self.pacs.address],
            "connect_timeout_seconds": 3.0,
            "prior_study_days": 0,
            "disk_reserve_mb": 1,
            "disk_warn_mb": 0,
            "disk_warn_percent": 0,
            **settings,
        }
        there, cut = self.postgresql.url, self.postgresql.url_through(self.cut_off.port)
        self.processes: dict[str, RoleProcess] = {}
        self._start("delivery-1", "delivery", cut)
        self.processes["delivery-1"].wait_started()  # the duty is its, before it is cut off
        for name in ("listener-1", "listener-2", "upkeep-1", "upkeep-2", "delivery-2", "worker-1", "worker-2"):
            self._start(name, name.partition("-")[0], there)
        self._start("worker-3", "worker", cut)
        for process in self.processes.values():
            process.wait_started()
        self.balancers = [Proxy(self.processes[name].port) for name in ("listener-1", "listener-2")]
        self.worklist = Worklist(Settings(data_dir=Path(self.options["data_dir"]), database_url=there))

    @property
    def spool(self) -> Path:
        """Where they keep what they got."""
        return Path(self.options["data_dir"]) / "spool"

    def _start(self, name: str, roles: str, database_url: str) -> None:
        self.processes[name] = RoleProcess(self.folder, name, roles, database_url=database_url, **self.options)

    def kill(self, name: str) -> None:
        """End a process as a power cut would; it stays away. Senders of a listener get to the other."""
        self.processes[name].kill()
        if name.startswith("listener"):
            other = "listener-2" if name == "listener-1" else "listener-1"
            for balancer in self.balancers:
                balancer.target_port = self.processes[other].port

    def stored_at_pacs(self) -> Counter[str]:
        """Return how often the PACS stored each report, by the name of its file, which has the SOP Instance UID."""
        return Counter(Path(name).name for name in STORED.findall(self.pacs.program.printed))

    def logged(self, word: str) -> dict[str, list[str]]:
        """Return the lines of each process's log that hold a word."""
        return {
            name: [line for line in process.program.printed.splitlines() if word in line]
            for name, process in self.processes.items()
        }

    def stop(self) -> None:
        """End everything that was started."""
        self.cut_off.go_on()
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.program.stop()
        self.worklist.close()
        for one in (*self.balancers, self.cut_off, self.pacs, self.postgresql):
            one.stop()
        self._beside.cleanup()


def full_size(variable: str, small: int) -> int:
    """Return how large a test is: as large as a variable of the environment says, or small."""
    return int(os.environ.get(variable, str(small)))
