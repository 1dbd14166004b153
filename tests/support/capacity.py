"""How much one installation takes, and what breaks first: a discrete-event simulation with measured service times.

`python tests/support/capacity.py` measures what a study weighs and prints the tables of docs/capacity.md.
"""

import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import simpy

SLICES, IMAGES_A_SECOND = 32, 779
RAW_BYTES = SLICES * 512 * 512 * 2
# Head CTs at an emergency department by the hour (triage_node/statistics/simulation.py).
BUSIEST_HOUR = 6.0 / 100
PATIENCE_SECONDS = 60.0
"""A report that comes later is too late to be first on anybody's list."""
READ_AND_REPORT_SECONDS = 1.22 - 0.58
"""From the last image to the report at the PACS, less the model, docs/measured.md."""


@dataclass(frozen=True)
class Hospital:
    """What a hospital sends on a day: assumptions, to be replaced by what a site counts."""

    head_cts: int = 30
    others: int = 0
    images_of_others: int = 500

    @property
    def images(self) -> int:
        """How many come in all."""
        return self.head_cts * SLICES + self.others * self.images_of_others


HEADS_ONLY, ALL_CT = Hospital(), Hospital(others=170)


@dataclass(frozen=True)
class Stage:
    """Where studies wait: so many servers, each busy with a study for so long, in seconds."""

    name: str
    servers: int
    seconds: float


INTAKE = Stage("intake", 1, SLICES / IMAGES_A_SECOND)
CPU = Stage("analysis", 1, READ_AND_REPORT_SECONDS + 0.58)
GPU = Stage("analysis", 1, READ_AND_REPORT_SECONDS + 0.28)
DELIVERY = Stage("delivery", 1, 1 / 134)


@dataclass(frozen=True)
class Installation:
    """What studies pass, one stage after another; other studies pass the first one only."""

    name: str
    hospitals: int
    sends: Hospital
    stages: tuple[Stage, ...]

    @property
    def busiest_head_cts_a_second(self) -> float:
        """How many come in the busiest hour."""
        return self.hospitals * self.sends.head_cts * BUSIEST_HOUR / 3600

    def loads(self) -> dict[str, float]:
        """Return which part of its servers' time each stage is busy in the busiest hour."""
        found = {one.name: one.seconds / one.servers * self.busiest_head_cts_a_second for one in self.stages}
        first = self.stages[0]
        others = self.hospitals * self.sends.others * BUSIEST_HOUR / 3600
        found[first.name] += others * self.sends.images_of_others / IMAGES_A_SECOND / first.servers
        return found

    def full_first(self) -> tuple[str, int]:
        """Return the stage that is full first as more hospitals come, and at how many."""
        loads = self.loads()
        tightest = max(loads, key=lambda name: loads[name])
        return tightest, math.floor(self.hospitals / loads[tightest])


TEN = (replace(INTAKE, servers=2), replace(GPU, servers=10), DELIVERY)
INSTALLATIONS = tuple(
    Installation(f"{name}; {what}", hospitals, sends, stages)
    for name, hospitals, stages in (
        ("two cores", 1, (INTAKE, CPU, DELIVERY)),
        ("one GPU", 100, (INTAKE, GPU, DELIVERY)),
        ("ten GPUs, two listeners", 1000, TEN),
    )
    for what, sends in (("head CT only", HEADS_ONLY), ("all CT", ALL_CT))
)


def turnarounds(installation: Installation, studies: int, seed: int) -> list[float]:
    """Return for each head CT the seconds from its coming to the end of the last stage, in the busiest hour.

    Studies come at random (Poisson), and each stage takes the time it was measured to take.
    """
    environment, rng = simpy.Environment(), random.Random(seed)
    servers = [(stage, simpy.Resource(environment, stage.servers)) for stage in installation.stages]
    sends, rate = installation.sends, installation.busiest_head_cts_a_second
    taken: list[float] = []

    def head_ct() -> Iterator[simpy.Event]:
        came = environment.now
        for stage, resource in servers:
            with resource.request() as turn:
                yield turn
                yield environment.timeout(stage.seconds)
        taken.append(environment.now - came)

    def other() -> Iterator[simpy.Event]:
        with servers[0][1].request() as turn:
            yield turn
            yield environment.timeout(sends.images_of_others / IMAGES_A_SECOND)

    def arrivals(kind: Callable[[], Iterator[simpy.Event]], a_second: float, count: int) -> Iterator[simpy.Event]:
        for _ in range(count):
            yield environment.timeout(rng.expovariate(a_second))
            environment.process(kind())

    environment.process(arrivals(head_ct, rate, studies))
    if sends.others:
        a_head_ct = sends.others / sends.head_cts
        environment.process(arrivals(other, rate * a_head_ct, round(studies * a_head_ct)))
    environment.run()
    return taken


def largest_served(installation: Installation, studies: int, seed: int) -> int:
    """Return for how many hospitals 95 of 100 reports still come in time in the busiest hour, by halving."""
    served, refused = 0, installation.full_first()[1] + 1
    while refused - served > max(1, refused // 100):
        hospitals = (served + refused) // 2
        taken = turnarounds(replace(installation, hospitals=hospitals), studies, seed)
        if percentile(taken, 95) <= PATIENCE_SECONDS:
            served = hospitals
        else:
            refused = hospitals
    return served


def percentile(values: Sequence[float], share: int) -> float:
    """Return the value that so many of a hundred do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def compressed_share() -> float:
    """Return which part of its pixels a study of the demonstration weighs, compressed without loss (JPEG-LS)."""
    from pydicom import dcmread

    from triage_node.demo.studies import unpack

    with tempfile.TemporaryDirectory() as folder:
        files = next(unpack(Path(folder))).files
        pixels = sum(ds.Rows * ds.Columns * 2 for ds in map(dcmread, files))
        return sum(path.stat().st_size for path in files) / pixels


def row_bytes_a_study(studies: int) -> float:
    """Return the bytes of the worklist's rows of a study of 32 instances, on SQLite."""
    from million import Size, make_rows

    with tempfile.TemporaryDirectory() as folder:
        sizes = []
        for count in (studies, 2 * studies):
            path = Path(folder) / f"{count}.sqlite"
            make_rows(path, Size(count, open_studies=10, instances_a_study=SLICES), time.time())
            sizes.append(path.stat().st_size)
    return (sizes[1] - sizes[0]) / studies


@dataclass(frozen=True)
class Prices:
    """What things cost, in dollars; assumptions, to be replaced by an offer."""

    gpu_hour: float = 2.50
    terabyte_month: float = 23.0
    database_terabyte_month: float = 115.0


def print_weights(compressed: float, row_bytes: float, kept_days: int = 30, prices: Prices | None = None) -> None:
    """Print what a study weighs, and what follows for a year."""
    prices = prices or Prices()
    print(f"| pixels of a usual study | {RAW_BYTES / 1e6:.1f} MB; as JPEG-LS {compressed:.0%} of it |")
    print(f"| its rows in the worklist, with 32 instances | {row_bytes / 1e3:.1f} kB |")
    for hospitals, gpus in ((1, 0), (100, 1), (1000, 10)):
        a_day = hospitals * HEADS_ONLY.head_cts
        kept, rows = a_day * kept_days * RAW_BYTES / 1e12, a_day * 365 * row_bytes / 1e12
        all_ct = hospitals * ALL_CT.images * RAW_BYTES / SLICES
        busiest = all_ct * BUSIEST_HOUR / 3600 * 8 / 1e6
        dollars = gpus * prices.gpu_hour * 8760 + 12 * (
            kept * prices.terabyte_month + rows * prices.database_terabyte_month
        )
        print(
            f"| {hospitals} | {a_day * 365 / 1e6:.3f} million | {kept:.2f} TB | {kept_days * all_ct / 1e12:.1f} TB | "
            f"{rows * 1e3:.1f} GB | {busiest * HEADS_ONLY.images / ALL_CT.images:.2f} and {busiest:.0f} Mbit/s | "
            f"{gpus} | {dollars:,.0f} |"
        )


def print_capacity(studies: int, seed: int) -> None:
    """Print for each installation how loaded it is, how long reports take, and what is full first."""
    for one in INSTALLATIONS:
        taken = turnarounds(one, studies, seed)
        loads = ", ".join(f"{name} {load:.1%}" for name, load in one.loads().items())
        stage, full_at = one.full_first()
        print(
            f"| {one.name} | {one.hospitals} | {loads} | {statistics.median(taken):.2f} and "
            f"{percentile(taken, 95):.2f} s | {stage}, {full_at} | {largest_served(one, studies, seed)} |"
        )


if __name__ == "__main__":
    chosen = random.randrange(2**31) if len(sys.argv) < 2 else int(sys.argv[1])
    print(f"seed {chosen}")
    print_weights(compressed_share(), row_bytes_a_study(5_000))
    print_capacity(10_000, chosen)
