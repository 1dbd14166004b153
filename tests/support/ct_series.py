"""Builders' data sets as the imaging room sees them."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import ct
from pydicom import Dataset

from triage_node.imaging import Instance, Policy, Series, scan, suitability_reasons

TODAY = date(2024, 1, 3)


def in_memory(datasets: Iterable[Dataset]) -> Series:
    """Return data sets as one series that lies on no disk; its pixels cannot be read."""
    return Series.of(Instance(Path(f"{number}.dcm"), ds) for number, ds in enumerate(datasets))


def on_disk(datasets: Iterable[Dataset], folder: Path) -> Series:
    """Write data sets to a folder and scan it as one series."""
    ct.save(datasets, folder)
    found = scan([folder])
    assert not found.skipped
    (series,) = found.series
    return series


def codes(series: Series, **policy: object) -> list[str]:
    """Return the reason codes against a series under a policy."""
    return [reason.code.value for reason in suitability_reasons(series, Policy(**policy), TODAY)]
