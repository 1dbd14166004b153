"""Settings of analysis."""

from typing import Literal

from pydantic import BaseModel, Field

from triage_node.config.quantities import Count, Time


class AnalysisSettings(BaseModel):
    """The analysis, and the order of reading."""

    model: str = Field("default", description="name of a shipped model or a folder with a manifest")
    explanation: Literal["off", "keep", "send"] = Field(
        "off",
        description="`keep` writes a Grad-CAM picture beside each result, for quality control; `send` also sends it "
        "after the report, as a Secondary Capture",
    )
    explanation_shown: Literal["nobody", "administrators", "everybody"] = Field(
        "administrators",
        description="who sees that picture on a study's page; it says where the model looked, and is not for diagnosis",
    )
    prior_study_days: int = Field(
        30, ge=0, le=1_000_000, description="an older study is a prior and is not analyzed; 0 analyzes all"
    )
    analysis_timeout_seconds: Time = Field(300.0, description="an analysis that takes longer is ended and retried")
    analysis_attempts: Count = Field(3, description="tries before a study is failed")
    worker_nice: int = Field(10, ge=0, le=19, description="niceness of the inference process, so intake stays fast")
    maximum_wait_minutes: Time = Field(60.0, description="a case waiting longer rises to the top of the reading order")
    flagged_limit_minutes: Time = Field(
        30.0, description="a flagged case that nobody has acknowledged so long after its arrival is marked"
    )
