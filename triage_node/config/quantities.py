"""The ranges of numbers in settings."""

from typing import Annotated

from pydantic import Field

Port = Annotated[int, Field(ge=1, le=65535)]
Time = Annotated[float, Field(gt=0, le=1_000_000)]
"""Seconds, minutes or hours; no more than operating systems wait for at once."""
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Megabytes = Annotated[int, Field(ge=0, le=1_000_000_000)]
Percent = Annotated[float, Field(ge=0, lt=100)]
