"""The image, built and run as a container: asked for by TRIAGE_TEST_MACHINES=1, ten minutes and 8 GB."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from machines import AUTHORITIES
from pacs import Storescp
from programs import free_port, need

ROOT = Path(__file__).parents[2]
TRUSTED = "/etc/pip-authorities.crt"
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=20000:20000")
"""No more than this machine has itself."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        not os.environ.get("TRIAGE_TEST_MACHINES") or os.geteuid() != 0, reason="wants TRIAGE_TEST_MACHINES=1 and root"
    ),
]


class Engine:
    """Buildah and podman with a store of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Podman takes no longer path than 50 characters for what it keeps while something runs.
        self._running = Path(tempfile.mkdtemp(prefix="podman-"))
        self._store = ["--root", folder / "store", "--runroot", self._running]

    def import_base(self) -> None:
        """Make what Debian's own image is made of, by debootstrap: registries of images may be out of reach."""
        made = [need("debootstrap"), "--variant=minbase", "bookworm", self._folder / "base"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, timeout=900)
        packed = self._folder / "base.tar"
        subprocess.run(["tar", "-C", self._folder / "base", "-cf", packed, "."], check=True)
        self.podman("import", packed, "docker.io/library/debian:bookworm-slim")
        shutil.rmtree(self._folder / "base")

    def build(self, dockerfile: Path, tag: str, *arguments: object) -> None:
        """Build an image; the registry of Python packages is trusted as here."""
        pip = self._folder / "pip.conf"
        pip.write_text(f"[global]\ncert = {TRUSTED}\n")
        command = [
            need("buildah"), *self._store, "build", "--format", "docker", "--ignorefile", f"{dockerfile}.dockerignore",
            "--volume", f"{AUTHORITIES}:{TRUSTED}:ro", "--volume", f"{pip}:/etc/pip.conf:ro",
            "--file", dockerfile, "--tag", tag, *arguments, ROOT,
        ]  # fmt: skip
        self._run(command, {"BUILDAH_ISOLATION": "chroot"})

    def podman(self, *arguments: object) -> str:
        """Run a command of podman; return its standard output."""
        return self._run(self._podman(*arguments)).stdout

    def log(self, container: str) -> str:
        """Return what a container has printed on standard error."""
        return self._run(self._podman("logs", container)).stderr

    def remove(self) -> None:
        """End what runs, and remove all of it."""
        self.podman("rm", "--all", "--force")
        self.podman("rmi", "--all", "--force")
        shutil.rmtree(self._running)

    def _podman(self, *arguments: object) -> list[object]:
        return [need("podman"), "--runtime", "runc", "--cgroup-manager", "cgroupfs", *self._store, *arguments]

    def _run(
        self, command: list[object], environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True, text=True, timeout=1800, env={**os.environ, **(environment or {})},
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done


@pytest.fixture
def engine(tmp_path) -> Iterator[Engine]:
    engine = Engine(tmp_path / "engine")
    (tmp_path / "engine").mkdir()
    yield engine
    engine.remove()


def test_the_image_is_built_and_answers_without_rights_on_a_read_only_root(engine, start, tmp_path, wait_for):
    engine.import_base()
    engine.build(ROOT / "deploy" / "Dockerfile", "localhost/triage-node", "--build-arg", "VERSION=1.2.3")
    [image] = json.loads(engine.podman("inspect", "localhost/triage-node"))
    print(f"{image['Size'] / 1e9:.2f} GB")
    assert image["User"] == "10001:10001"
    assert image["Labels"]["org.opencontainers.image.version"] == "1.2.3"
    pacs = start(Storescp, "pacs", options=("+xa",))
    dicom, web = free_port(), free_port()
    settings = tmp_path / "triage-node"
    settings.mkdir(mode=0o755)
    (settings / "triage-node.toml").write_text(
        f'dicom_port = {dicom}\nweb_port = {web}\ndestinations = ["{pacs.address}"]\nprior_study_days = 0\n'
        "series_quiet_seconds = 1\nstudy_quiet_seconds = 2\n"
    )
    engine.podman(
        "run", "--detach", "--name", "node", "--network", "host", "--read-only", "--tmpfs", "/tmp",
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", *LIMITS, "--env",
        f"HEALTH_URL=http://127.0.0.1:{web}/health/ready", "--volume", f"{settings}:/etc/triage-node:ro",
        "localhost/triage-node",
    )  # fmt: skip
    wait_for(lambda: "worker_ready" in engine.log("node"), "the model", 180)
    assert '"status":"ready"' in engine.podman("exec", "node", "healthcheck")
    engine.podman("exec", "node", "triage-node", "demo", "--to", f"TRIAGE@127.0.0.1:{dicom}")
    wait_for(lambda: len(pacs.received()) == 3, "the reports", 120)
    assert engine.podman("exec", "node", "sh", "-c", "id -u; touch /x 2>/dev/null || echo read-only").split() == [
        "10001",
        "read-only",
    ]
    engine.podman("stop", "--time", "60", "node")
    [ended] = json.loads(engine.podman("inspect", "--type", "container", "node"))
    assert ended["State"]["ExitCode"] == 0
