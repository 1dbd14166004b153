"""The engine `ray`: several workers, actors on a cluster of Ray, which places each on processors and GPUs.

Started by `Supervisor` as a program, with the name of its node. It is a process of its own because what uses a cluster
ends with it: the listener must not.
"""

import os
import signal
import sys
from pathlib import Path

from triage_node.config import Settings
from triage_node.errors import SettingsError
from triage_node.json_log import configure_logging_as
from triage_node.pipeline.engines.ray_place import RayPlace
from triage_node.pipeline.engines.ray_status import RayStatus
from triage_node.pipeline.node_pipe import NodePipe
from triage_node.ray_cluster import ClusterOptions, RayCluster
from triage_node.stop_signal import StopSignal
from triage_node.worklist import Worklist

EXIT_NO_CLUSTER = 3
FOLDER_NOTE = "ray-folder"


def main() -> int:
    """Keep the workers until the node ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the node
    node = NodePipe()
    settings = node.settings
    configure_logging_as(settings.log_format, settings.log_level)
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - its name in Ray; `worker_nice` says how nice they are
    try:
        with RayCluster(_options(settings)) as cluster, StopSignal() as stop:
            _run(node, cluster, f"{sys.argv[1]}:{os.getpid()}", stop)
    except SettingsError as error:
        node.tell(error=str(error))
        return EXIT_NO_CLUSTER
    return 0


def _run(node: NodePipe, cluster: RayCluster, name: str, stop: StopSignal) -> None:
    settings = node.settings
    worklist, status = Worklist(settings), RayStatus(settings.ray_workers, node.tell)
    places = [
        RayPlace(cluster, name, settings, worklist.claims, status.of(number)) for number in range(settings.ray_workers)
    ]

    def use(settings: Settings) -> None:
        for place in places:
            place.use(settings)

    node.follow(gone=lambda: os.kill(os.getpid(), signal.SIGTERM), changed=use)
    for place in places:
        place.start()
    stop.wait()
    for place in places:
        place.stop()
    worklist.close()


def _options(settings: Settings) -> ClusterOptions:
    processors = settings.ray_workers * settings.ray_worker_cpus
    return ClusterOptions(settings.ray_address or "", settings.ray_worker_cpus, processors, _note(settings))


def _note(settings: Settings) -> Path | None:
    """Return where to note the cluster's folder; several programs that share `data_dir` have no common one."""
    return None if settings.is_on_server else settings.data_dir / FOLDER_NOTE


if __name__ == "__main__":
    sys.exit(main())
