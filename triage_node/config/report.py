"""Settings of reports."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, field_serializer, field_validator
from pydantic_settings import NoDecode

from triage_node.config.finding_codes import read_finding_codes, written_finding_codes
from triage_node.config.lists import at_commas
from triage_node.findings import FindingCode, Label
from triage_node.outcome import ObjectKind


class ReportSettings(BaseModel):
    """Reports, and the objects that go with them."""

    report_not_analyzed: bool = Field(True, description="send a report for a CT study that could not be analyzed")
    finding_codes: Mapping[Label, FindingCode] = Field(
        {}, description="codes of findings in reports instead of ours, a table (see docs/reference/codes.md)"
    )
    extra_objects: Annotated[tuple[ObjectKind, ...], NoDecode] = Field(
        (),
        description="objects made of each result beside its report even if no destination is sent them: `summary`, "
        "`key_objects`, `pdf`; DICOMweb lists them",
    )
    summary_localization: bool = Field(
        False,
        description="the summary also shows where the model looked; the picture is then kept, as by `explanation`",
    )
    summary_patient: bool = Field(
        False, description="the summary names patient and study in the picture, which Burned In Annotation then says"
    )

    @field_validator("finding_codes", mode="before")
    @classmethod
    def _read_finding_codes(cls, value: Any) -> Any:
        return read_finding_codes(value)

    @field_serializer("finding_codes")
    def _write_finding_codes(self, value: Mapping[Label, FindingCode]) -> dict[str, dict[str, str]]:
        return written_finding_codes(value)

    @field_validator("extra_objects", mode="before")
    @classmethod
    def _split_objects(cls, value: Any) -> Any:
        return at_commas(value)
