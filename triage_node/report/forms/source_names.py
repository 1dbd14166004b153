"""What people call the images that a report knows by UID only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from pydicom.dataset import Dataset

from triage_node.report.header import description, text_of


@dataclass(frozen=True)
class SeriesName:
    """Number and description of a series, as a viewer lists it."""

    number: int | None = None
    description: str = ""


@dataclass(frozen=True)
class SourceNames:
    """Numbers and descriptions from the images themselves, by UID; what is not here is named by its UID."""

    instance_numbers: Mapping[str, int] = field(default_factory=dict)
    series: Mapping[str, SeriesName] = field(default_factory=dict)

    @classmethod
    def of(cls, headers: Iterable[Dataset]) -> Self:
        """Read them from headers of images."""
        numbers: dict[str, int] = {}
        series: dict[str, SeriesName] = {}
        for header in headers:
            number = _integer(header, "InstanceNumber")
            if number is not None:
                numbers[text_of(header, "SOPInstanceUID")] = number
            name = SeriesName(_integer(header, "SeriesNumber"), description(header, "SeriesDescription"))
            series.setdefault(text_of(header, "SeriesInstanceUID"), name)
        return cls(numbers, series)


def _integer(ds: Dataset, keyword: str) -> int | None:
    try:
        return int(text_of(ds, keyword))
    except ValueError:
        return None
