"""What a report says, before it is DICOM."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from pydicom.dataset import Dataset

from triage_node.findings import (
    FINDING_CODES,
    LABELS,
    Calibration,
    Decision,
    FindingCode,
    Label,
    ModelIdentity,
    Prediction,
)
from triage_node.reasons import Reason
from triage_node.report.evidence import ReferencedInstance, instance_of
from triage_node.report.uids import is_valid_uid


@dataclass(frozen=True)
class BestSlice:
    """The received instance, and the 1-based frame where it has several, that illustrates a finding best."""

    sop_instance_uid: str
    sop_class_uid: str
    frame_number: int | None = None


@dataclass(frozen=True, eq=False)
class VisualExplanation:
    """The picture of where the model looked, as it goes with the report.

    Attributes
    ----------
    label
        The finding that it explains.
    pixels
        ``(rows, columns, 3) uint8``, RGB.
    sources
        SOP class and instance UIDs of the received slices it shows.
    """

    label: Label
    pixels: np.ndarray
    sources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ReportContent:
    """Everything a report is made of; `build_report` adds nothing of its own, no clock and no random number.

    Attributes
    ----------
    sources
        Headers, without pixels, of every instance used; of the instances judged when the study was not analyzed.
        The patient and study of the report come from them.
    prediction
        What the model answered, None when the study was not analyzed.
    reasons
        Why it was not analyzed, empty when it was.
    best_slices
        The slice to open for a label; used for flagged and uncertain labels only.
    model
        Whose answer it is, or whose it would have been.
    parameters
        What else the answer depends on (thresholds, slab thickness, forced); written as ``name=value``.
    node_version
        Software version of the node.
    device_uid
        UID of this installation, the Device Observer UID of TID 1004.
    station_name
        Name of this installation, as a rule its AE title.
    created_at
        When the report is made, in the time zone of the node. It does not enter the UIDs.
    predecessor
        An earlier report this one replaces (PS3.3 C.17.2, Predecessor Documents Sequence).
    finding_codes
        Code of each label; a site may override `triage_node.findings.FINDING_CODES`.
    received
        Every instance of the study that was received; with the sources they are the evidence (PS3.3 C.17.2).
    several_patients
        The instances name more than one patient, so that the report must name none.
    calibrations
        How the score of each label is to be read; empty where the model does not say.
    series_analyzed
        Which series the answer is about, in a sentence; empty when there is none.
    series_not_analyzed
        The other series of the study, each with the reason, in a sentence.
    revision
        Which revision of the study this is about, from 1; None when that is unknown.
    explanation
        The picture that is sent with the report, None where none is; only of an answer.
    """

    sources: tuple[Dataset, ...]
    prediction: Prediction | None
    model: ModelIdentity
    node_version: str
    device_uid: str
    station_name: str
    created_at: datetime
    reasons: tuple[Reason, ...] = ()
    best_slices: Mapping[Label, BestSlice] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    predecessor: Dataset | None = None
    finding_codes: Mapping[Label, FindingCode] = field(default_factory=lambda: FINDING_CODES)
    received: tuple[ReferencedInstance, ...] = ()
    several_patients: bool = False
    calibrations: Mapping[Label, Calibration] = field(default_factory=dict)
    series_analyzed: str = ""
    series_not_analyzed: tuple[str, ...] = ()
    revision: int | None = None
    explanation: VisualExplanation | None = None

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("a report needs at least one source instance")
        if (self.prediction is None) != bool(self.reasons):
            raise ValueError("a report holds either a prediction or the reasons why there is none")
        if self.prediction is None and self.explanation is not None:
            raise ValueError("there is no answer that the picture could explain")
        if self.created_at.tzinfo is None:
            raise ValueError(f"created_at must have a time zone, got {self.created_at!r}")
        if not is_valid_uid(self.device_uid):
            raise ValueError(f"device_uid must be a valid UID, got {self.device_uid!r}")
        if set(self.finding_codes) != set(LABELS):
            raise ValueError(f"finding_codes must have the labels {LABELS}, got {tuple(self.finding_codes)}")

    @cached_property
    def instances(self) -> tuple[ReferencedInstance, ...]:
        """What names the sources, in the order of `sources`."""
        return tuple(map(instance_of, self.sources))

    @property
    def source(self) -> Dataset:
        """The source that patient and study are taken from, the same one in whatever order they come."""
        return self.sources[min(range(len(self.sources)), key=self.instances.__getitem__)]

    @property
    def decision(self) -> Decision | None:
        """The one word for the study, None when it was not analyzed."""
        return self.prediction.decision if self.prediction else None

    def decision_for(self, label: Label) -> Decision:
        """Return what the model says of one label; only for an analyzed study."""
        if self.prediction is None:
            raise ValueError("the study was not analyzed")
        if label in self.prediction.flagged:
            return Decision.FLAGGED
        return Decision.UNCERTAIN if label in self.prediction.uncertain else Decision.NOT_FLAGGED
