"""A node in several processes on one PostgreSQL, with one folder or one bucket, each with some of the roles."""

import io
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from network_namespace import NetworkNamespace
from nodes import toml
from object_storage import KEY, ObjectStorage
from pacs import Storescp
from postgresql import PostgreSQL
from programs import WITHOUT_EXTRAS, Program, need
from pydicom import dcmread
from tcp_proxy import Proxy

from triage_node.config import Settings
from triage_node.worklist import Worklist

STARTED = "data in"
START_SECONDS = 300
"""Nine processes start at once, on two cores in the worst case."""
STORED = re.compile(r"storing DICOM file: (\S+)")


class RoleProcess:
    """`triage-node serve --roles …` with a configuration of its own; its name is the role and a number."""

    def __init__(
        self, folder: Path, name: str, environment: dict[str, str], prefix: Sequence[str], **settings: Any
    ) -> None:
        self.name = name
        config = folder / f"{name}.toml"
        config.write_text("\n".join(f"{key} = {toml(value)}" for key, value in settings.items()))
        command = [*prefix, need("triage-node"), "--config", config, "serve", "--roles", name.partition("-")[0]]
        self.program = Program(command, folder / f"{name}.log", WITHOUT_EXTRAS | environment)

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
        self.program.wait_for(STARTED, START_SECONDS)
        if self.name.startswith("worker"):
            self.program.wait_for("worker_ready", START_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.program.kill()


@dataclass(frozen=True)
class Machine:
    """Where processes run: their data folder, their way to the database, and what begins their commands."""

    data_dir: Path
    database_url: str
    prefix: tuple[str, ...] = ()


class Cluster:
    """Two listeners, three workers, two that deliver, two for upkeep, a PACS, and what may fail of it.

    The last worker and the first that delivers are on a machine of their own, whose way to the database can be cut.
    Senders reach the listeners by two addresses, which a load balancer leads to one that lives.
    """

    host = "127.0.0.1"
    environment: ClassVar[Mapping[str, str]] = {}

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self._beside = tempfile.TemporaryDirectory(prefix="triage-postgresql-")
        # What is acknowledged must survive the database's end: it writes as it would in a hospital.
        self.postgresql = PostgreSQL(Path(self._beside.name), (), self.host)
        self.pacs = Storescp(folder / "pacs", host=self.host)
        self.options: dict[str, Any] = {
            "dicom_port": 0,
            "web_enabled": False,
            "destinations": [self.pacs.address],
            "connect_timeout_seconds": 3.0,
            "prior_study_days": 0,
            "disk_reserve_mb": 1,
            "disk_warn_mb": 0,
            "disk_warn_percent": 0,
            **settings,
        }
        self.processes: dict[str, RoleProcess] = {}
        self.balancers: list[Proxy] = []
        self.machines = self.make_machines()
        self.worklist = Worklist(Settings(data_dir=folder / "seen", database_url=self.postgresql.url))
        try:
            self._start_all()
        except BaseException:
            for process in self.processes.values():
                process.kill()
            self.stop()
            raise

    def _start_all(self) -> None:
        here, beside, cut_off = self.machines
        self._start("delivery-1", cut_off)
        self.processes["delivery-1"].wait_started()  # the duty is its, before it is cut off
        for name in ("listener-1", "upkeep-1", "upkeep-2", "delivery-2", "worker-1"):
            self._start(name, here)
        for name in ("listener-2", "worker-2"):
            self._start(name, beside)
        self._start("worker-3", cut_off)
        for process in self.processes.values():
            process.wait_started()
        self.balancers = [Proxy(self.processes[name].port) for name in ("listener-1", "listener-2")]

    def make_machines(self) -> tuple[Machine, Machine, Machine]:
        """Make the two that stay reachable and the one that is cut off: here they share the folder."""
        self._way = Proxy(self.postgresql.port)
        here = Machine(self.folder / "data", self.postgresql.url)
        return here, here, Machine(here.data_dir, self.postgresql.url_through(self._way.port))

    def cut_off(self) -> None:
        """Let the last machine reach the database no more."""
        self._way.stall()

    def mend(self) -> None:
        """Let the last machine reach everything again."""
        self._way.go_on()

    def instances(self) -> Counter[str]:
        """Return how often each instance is kept, by its SOP Instance UID."""
        paths = sorted(self.machines[0].data_dir.glob("spool/studies/*/*/*.dcm"))
        return Counter(str(dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID) for path in paths)

    def left_behind(self) -> list[Path]:
        """Return the instances that no study has."""
        spools = {machine.data_dir / "spool" for machine in self.machines}
        folders = [spool / name for spool in spools for name in ("incoming", "quarantine")]
        return [path for folder in folders for path in folder.rglob("*.dcm")]

    def _start(self, name: str, machine: Machine) -> None:
        own = {"data_dir": str(machine.data_dir), "database_url": machine.database_url}
        self.processes[name] = RoleProcess(
            self.folder, name, {**self.environment}, machine.prefix, **self.options, **own
        )

    def kill(self, name: str) -> None:
        """End a process as a power cut would; it stays away. Senders of a listener get to the other."""
        self.processes[name].kill()
        if name.startswith("listener"):
            other = "listener-2" if name == "listener-1" else "listener-1"
            for balancer in self.balancers:
                balancer.target_port = self.processes[other].port

    def restart_postgresql(self) -> None:
        """End the database as a power cut would, and start it again."""
        self.postgresql.kill()
        self.postgresql.start()

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
        """End everything that was started, whatever of it does not want to."""
        self.mend()
        running = [process.program for process in self.processes.values() if process.program.process.poll() is None]
        with ExitStack() as ending:
            ending.callback(self._beside.cleanup)
            ending.callback(self.stop_network)
            for one in (self.postgresql, self.pacs, *self.balancers):
                ending.callback(one.stop)
            ending.callback(self.worklist.close)
            for program in running:
                program.process.terminate()
                ending.callback(program.stop)

    def stop_network(self) -> None:
        """End what is between the machines."""
        self._way.stop()


class ClusterWithBucket(Cluster):
    """The same on three machines with a folder each, one bucket, and a real network to the last, whose cable is pulled.

    Parameters
    ----------
    network
        The last machine's.
    storage
        A server that the network reaches.
    """

    environment: ClassVar[Mapping[str, str]] = {**KEY, "TRIAGE_TEST_EXTRAS": "boto3 botocore"}

    def __init__(self, folder: Path, network: NetworkNamespace, storage: ObjectStorage, **settings: Any) -> None:
        self.host, self.network, self.storage = network.address, network, storage
        self.bucket = storage.make_bucket()
        where = {"storage_url": f"s3://{self.bucket}/site", "storage_endpoint": storage.endpoint}
        super().__init__(folder, **where, storage_timeout_seconds=5.0, **settings)

    def make_machines(self) -> tuple[Machine, Machine, Machine]:
        """Make the two that stay reachable and the one that is cut off."""
        here, beside, there = (self.folder / name for name in ("here", "beside", "there"))
        url = self.postgresql.url
        return Machine(here, url), Machine(beside, url), Machine(there, url, self.network.prefix)

    def cut_off(self) -> None:
        """Let the last machine reach nothing any more."""
        self.network.cut()

    def mend(self) -> None:
        """Let the last machine reach everything again."""
        self.network.mend()

    def instances(self) -> Counter[str]:
        """Return how often each instance is in the bucket, by its SOP Instance UID."""
        objects = self.storage.contents(self.bucket)
        images = [content for key, content in objects.items() if key.endswith(".dcm") and "/results/" not in key]
        return Counter(
            str(dcmread(io.BytesIO(content), specific_tags=["SOPInstanceUID"]).SOPInstanceUID) for content in images
        )

    def stop_network(self) -> None:
        """End nothing: who made the network ends it."""
