"""Settings of completion."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from triage_node.config.lists import each_once, each_text_read
from triage_node.config.quantities import Time
from triage_node.endpoints import Endpoint, QuerySource


class CompletionSettings(BaseModel):
    """When a study is complete, and who is asked."""

    series_quiet_seconds: Time = Field(20.0, description="a head CT series silent this long is analyzed")
    study_quiet_seconds: Time = Field(60.0, description="a study silent this long is complete")
    study_maximum_seconds: Time = Field(900.0, description="a study is analyzed at the latest after this time")
    sources: Annotated[tuple[QuerySource, ...], NoDecode] = Field(
        (),
        description="who is asked if a study is complete, each `AET@HOST:PORT` or a table (see docs/completion.md)",
    )

    @field_validator("sources", mode="before")
    @classmethod
    def _parse_sources(cls, value: Any) -> Any:
        return each_text_read(value, Endpoint.written)

    @field_validator("sources")
    @classmethod
    def _each_source_once(cls, value: tuple[QuerySource, ...], info: ValidationInfo) -> tuple[QuerySource, ...]:
        return each_once(value, info)
