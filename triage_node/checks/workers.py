"""Workers under Ray: whether it is installed, and whether the cluster has room for them."""

from collections.abc import Iterator

from triage_node.checks.result import Result, failed, ok, tried
from triage_node.config import Settings
from triage_node.errors import SettingsError
from triage_node.ray_cluster import ClusterOptions, RayCluster, require_ray

NAME = "workers"


def check_workers(settings: Settings) -> Iterator[Result]:
    """Join the cluster that the settings name, and compare what it has with what the workers want; start none."""
    if settings.worker_engine != "ray":
        return
    if settings.ray_address is None:
        yield tried(NAME, _installed)
        return
    try:
        with RayCluster(ClusterOptions(settings.ray_address)) as cluster:
            yield _room(settings, cluster)
    except SettingsError as error:
        yield failed(NAME, str(error))


def _installed() -> str:
    require_ray()
    return "Ray is installed; the node starts a cluster of this machine"


def _room(settings: Settings, cluster: RayCluster) -> Result:
    wanted = {
        "CPU": ("processors", settings.ray_workers * settings.ray_worker_cpus),
        "GPU": ("GPUs", settings.ray_workers * settings.ray_worker_gpus),
    }
    for name, (words, number) in wanted.items():
        there = cluster.resource(name)
        if number > there:
            return failed(
                NAME,
                f"{settings.ray_workers} workers want {number:g} {words}, and the cluster at {settings.ray_address} "
                f"has {there:g}: lower ray_workers, or start Ray on more machines.",
            )
    return ok(NAME, f"the cluster at {settings.ray_address} has room for {settings.ray_workers}")
