"""What an analysis of a study says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from triage_node.findings import Decision, ImageDistance, Label, ModelIdentity
from triage_node.reasons import Reason


class Status(StrEnum):
    """How an analysis ended."""

    ANALYZED = "analyzed"
    UNSUITABLE = "unsuitable"
    FAILED = "failed"


class ObjectKind(StrEnum):
    """A DICOM object of a result, as settings name it; the report is always made."""

    REPORT = "report"
    SUMMARY = "summary"
    KEY_OBJECTS = "key_objects"
    PDF = "pdf"

    @property
    def words(self) -> str:
        """What people are told of it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class Outcome:
    """What an analysis says; ``folder`` names, in its study's results, the folder of its reports.

    ``withheld`` are the labels that would be flagged if the images were like the training images, None when unknown.
    """

    status: Status
    model: ModelIdentity
    reasons: tuple[Reason, ...] = ()
    series_instance_uid: str | None = None
    decision: Decision | None = None
    probabilities: Mapping[Label, float] | None = None
    flagged: tuple[Label, ...] = ()
    uncertain: tuple[Label, ...] = ()
    withheld: tuple[Label, ...] | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    image_distance: ImageDistance | None = None
    report_sop_instance_uid: str | None = None
    folder: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as it is stored beside the pixels and in the worklist."""
        return {
            "status": self.status,
            "series_instance_uid": self.series_instance_uid,
            "decision": self.decision,
            "reasons": [{"code": reason.code, "message": reason.message} for reason in self.reasons],
            "probabilities": None if self.probabilities is None else dict(self.probabilities),
            "flagged": list(self.flagged),
            "uncertain": list(self.uncertain),
            "withheld": None if self.withheld is None else list(self.withheld),
            "model": asdict(self.model),
            "seconds": dict(self.seconds),
            "image_distance": None if self.image_distance is None else asdict(self.image_distance),
            "report_sop_instance_uid": self.report_sop_instance_uid,
        }
