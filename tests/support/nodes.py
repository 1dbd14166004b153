"""A node as its users run it: `triage-node serve` in a process of its own."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

from programs import WITHOUT_EXTRAS, Program, need, run

from triage_node.config import Settings
from triage_node.worklist import Study, Worklist

MODEL_SECONDS = 120
RELOAD_SECONDS = 30
RELOADED = re.compile(r"settings_(?:not_)?reloaded ")


def toml(value: Any) -> str:
    """Return a value as TOML writes it: tables as JSON has them, but for the signs between key and value."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {toml(one)}' for key, one in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


class RunningNode:
    """`triage-node serve` with short timers; the test looks at its database from outside.

    A setting that is None is left out.
    """

    def __init__(self, folder: Path, environment: dict[str, str] | None = None, **settings: Any) -> None:
        self.folder = folder
        self.environment = WITHOUT_EXTRAS | (environment or {})
        defaults: dict[str, Any] = {
            "dicom_port": 0,
            "web_port": 0,
            "data_dir": str(folder / "data"),
            "series_quiet_seconds": 1.0,
            "study_quiet_seconds": 2.0,
            "connect_timeout_seconds": 3.0,
            "retry_first_seconds": 0.3,
            "prior_study_days": 0,
            "disk_reserve_mb": 1,
            "disk_warn_mb": 0,
            "disk_warn_percent": 0,
        }
        self.options = defaults | settings
        self.config = folder / "node.toml"
        self._write()
        self.starts = 0
        self.start()

    def start(self) -> None:
        """Start it, or start it again on the same folder."""
        self.starts += 1
        log = self.folder / f"node-{self.starts}.log"
        self.program = Program([need("triage-node"), "--config", self.config, "serve"], log, self.environment)
        line = self.program.wait_for("listens on")
        plain, secure = re.search(r":(\d+);", line), re.search(r":(\d+) over TLS", line)
        self.port, self.tls_port = (int(found[1]) if found else None for found in (plain, secure))
        if self.options.get("web_enabled", True):
            self.web_address = self.program.wait_for("The pages are at").split()[-1]
        self.worklist = Worklist(Settings(data_dir=Path(self.options["data_dir"])))

    def _write(self) -> None:
        said = {key: value for key, value in self.options.items() if value is not None}
        self.config.write_text("\n".join(f"{key} = {toml(value)}" for key, value in said.items()))

    def reload(self, **settings: Any) -> None:
        """Change its settings and have it read them; returns when it has taken them, or said why not."""
        self.options |= settings
        self._write()
        said = len(RELOADED.findall(self.program.printed))
        self.program.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + RELOAD_SECONDS
        while len(RELOADED.findall(self.program.printed)) == said:
            assert time.monotonic() < end and self.program.process.poll() is None, self.program.printed[-3000:]
            time.sleep(0.02)

    def wait_ready(self) -> None:
        """Wait until the model is loaded."""
        self.program.wait_for("worker_ready", MODEL_SECONDS)

    @property
    def worker_pid(self) -> int:
        """Process id of the inference process started last."""
        return int(re.findall(r"worker_started pid=(\d+)", self.program.printed)[-1])

    def study(self, study_instance_uid: str) -> Study:
        """Return what the worklist says of a study."""
        return self.worklist.study_details.study(study_instance_uid)

    def state(self, study_instance_uid: str) -> str:
        """Return a study's state, or "" while the worklist does not know it."""
        rows = {row.study_instance_uid: row.state for row in self.worklist.study_details.worklist()}
        return rows.get(study_instance_uid, "")

    def storescu(self, *arguments: object) -> Any:
        """Send with DCMTK."""
        return run("storescu", "-xs", "+sd", "-aec", "TRIAGE", "127.0.0.1", self.port, *arguments)

    def command(self, *arguments: object) -> Any:
        """Run `triage-node` with this node's settings."""
        return run("triage-node", "--config", self.config, *arguments, timeout_seconds=120)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.program.kill()
        self.worklist.close()

    def stop(self) -> None:
        """End it as an administrator would."""
        self.program.stop()
        self.worklist.close()
