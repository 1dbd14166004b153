"""Settings of the engine that runs the workers."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from triage_node.config.quantities import Count


class WorkerSettings(BaseModel):
    """Who runs the processes that analyze."""

    worker_engine: Literal["process", "ray"] = Field(
        "process",
        description="who runs what analyzes: `process`, one process of this machine; `ray`, several, which Ray places "
        "on processors, GPUs and machines (needs the extra `ray`, see docs/workers.md)",
    )
    ray_address: str | None = Field(
        None,
        description="a cluster of Ray that this machine belongs to, `HOST:PORT`, or `auto` for the one that runs here; "
        "by default the node starts one of this machine",
    )
    ray_workers: Count = Field(1, description="how many workers Ray runs")
    ray_worker_cpus: Count = Field(1, description="processors that each of them has, and as many threads")
    ray_worker_gpus: float = Field(
        0.0, ge=0, le=64, description="GPUs that each of them has; with 0.5 two share one, with 0 it uses none"
    )

    @model_validator(mode="after")
    def _check_workers(self) -> Self:
        if self.ray_address is not None and self.worker_engine != "ray":
            raise ValueError(f"ray_address = {self.ray_address} wants worker_engine = ray")
        if self.ray_address is not None and "://" in self.ray_address:
            raise ValueError(
                f"ray_address = {self.ray_address} is not of the form HOST:PORT: the node's machine must belong to the "
                "cluster (ray start --address=HOST:PORT), not call it from outside"
            )
        return self
