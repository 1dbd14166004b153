"""Metrics of the node's own parts: readiness, worker, jobs, intake."""

from collections.abc import Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from triage_node.monitoring.gauges import gauge, gauges
from triage_node.web.machinery import Fact, Intake, Job, Worker


def fact_metrics(facts: Sequence[Fact]) -> Iterator[Metric]:
    """Return whether the node is ready, and each thing that this depends on or that a person should look at."""
    yield gauge("ready", "Whether the node can do its work.", all(fact.ok for fact in facts if fact.is_needed))
    checks = {fact.name: float(fact.ok) for fact in facts}
    yield gauges("check_ok", "Whether what the node looks at is as it shall be.", "check", checks)


def worker_metrics(worker: Worker | None) -> Iterator[Metric]:
    """Return how the inference process is, and which model it has; nothing where it is another's."""
    if worker is None:
        return
    yield gauge("worker_ready", "Whether the worker lives and has loaded its model.", worker.ready)
    if worker.ready:
        named = {"name": worker.model, "version": worker.version, "sha256": worker.sha256, "device": worker.device}
        yield InfoMetricFamily("triage_model", "The model that answers, by the SHA-256 of its manifest.", named)
    if worker.gpu_memory:
        yield _gpu_memory(worker)


def job_metrics(jobs: Sequence[Job]) -> Iterator[Metric]:
    """Return how each job of upkeep went last."""
    what = "When a job of upkeep ended last."
    yield gauges("job_last_end_timestamp_seconds", what, "name", {job.name: job.ran_at for job in jobs})
    yield gauges(
        "job_failed", "Whether its last run failed.", "name", {job.name: float(bool(job.error)) for job in jobs}
    )
    yield gauges("job_late", "Whether it has not run for long.", "name", {job.name: float(job.is_late) for job in jobs})
    yield gauges("job_interval_seconds", "How often it runs.", "name", {job.name: job.every_seconds for job in jobs})


def intake_metrics(intake: Intake | None) -> Iterator[Metric]:
    """Return how what comes in is taken; nothing where nothing comes in."""
    if intake is None:
        return
    yield gauge("listener_accepting", "Whether the listener takes connections.", intake.accepting)
    yield gauge("associations_open", "Associations that are served now.", intake.associations)
    yield gauge("unindexed_instances", "Instances that were acknowledged and have no row yet.", intake.backlog)
    oldest = intake.backlog_seconds or 0.0
    yield gauge("unindexed_oldest_wait_seconds", "For how long the oldest of them has waited; 0 without any.", oldest)
    yield gauge("quarantined_instances", "Instances that were acknowledged and can have no row.", intake.set_aside)


def _gpu_memory(worker: Worker) -> Metric:
    family = GaugeMetricFamily(
        "triage_gpu_memory_bytes", "Memory that the model took when it answered last.", labels=["gpu", "kind"]
    )
    for gpu, kinds in worker.gpu_memory.items():
        for kind, size in kinds.items():
            family.add_metric([gpu, kind], size)
    return family
