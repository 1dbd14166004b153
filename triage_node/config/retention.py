"""Settings of retention."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

Days = Annotated[int, Field(ge=0, le=1_000_000)]
ORDER = ("keep_images_days", "keep_results_days", "keep_rows_days")


class RetentionSettings(BaseModel):
    """What is deleted of studies that are done, and when (see docs/retention.md)."""

    keep_images_days: Days = Field(
        0, description="images are deleted so long after the last one of their study came; 0 keeps them"
    )
    keep_unsuitable_images_days: Days = Field(
        0, description="likewise those of studies that could not be analyzed; 0 takes `keep_images_days`"
    )
    keep_images_days_when_disk_low: Days = Field(
        30,
        description="with less free space than `disk_warn_mb` or `disk_warn_percent`, images older than this are "
        "deleted, the oldest first, until a quarter more is free; 0 deletes none for that. With `storage_url` it means "
        "nothing: copies on the disk go by `storage_cache_gb`",
    )
    keep_results_days: Days = Field(
        0, description="reports, pictures and slice scores are deleted so long after the last image; 0 keeps them"
    )
    keep_rows_days: Days = Field(
        0, description="all that is left of a study is deleted so long after the last image; 0 keeps it"
    )
    keep_judged_studies: bool = Field(
        True, description="delete nothing of a study that a reader has given a verdict on"
    )
    keep_committed_studies: bool = Field(
        True, description="delete nothing of a study of which the node has committed itself to keep an instance"
    )

    @model_validator(mode="after")
    def _check_retention(self) -> Self:
        for first, second in pairwise(ORDER):
            earlier, later = getattr(self, first), getattr(self, second)
            if later and not 0 < earlier <= later:
                raise ValueError(f"{second} = {later} wants {first} to be set, to no more days than that")
        return self
