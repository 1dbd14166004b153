"""What is told of a result to whoever gets no DICOM objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from triage_node.findings import FINDING_CODES, FindingCode, Label

DISCLAIMER = "Notification only, not for diagnosis."
NOT_ANALYZED = "not_analyzed"


class Occasion(StrEnum):
    """Why it is told."""

    RESULT = "result"
    UNACKNOWLEDGED = "unacknowledged"


@dataclass(frozen=True)
class Patient:
    """Whom the study shows, and by which number the RIS knows it; as in the report, empty where that has nothing.

    Attributes
    ----------
    name
        As PN has it: components at ``^``, groups at ``=`` (PS3.5 6.2.1).
    birth_date
        ``YYYYMMDD``.
    sex
        ``M``, ``F`` or ``O``.
    """

    name: str = ""
    identifier: str = ""
    issuer: str = ""
    birth_date: str = ""
    sex: str = ""
    accession_number: str = ""
    placer_order_number: str = ""
    study_description: str = ""


@dataclass(frozen=True)
class Notice:
    """What is told of one result at one destination.

    Attributes
    ----------
    id
        32 hexadecimal digits, the same whenever it is told again.
    node
        AE title of the node.
    decision
        ``not_analyzed`` without one.
    probabilities
        Score of each label in [0, 1], empty when the study was not analyzed.
    reasons
        Sentences: why there is no answer, or why one is less certain.
    study_time
        Study Date and Time as digits, ``YYYYMMDD[HHMM[SS]]``, empty where unknown or not to be told.
    created_at
        When the result was made, in seconds since 1970.
    link
        Address of the study's page, empty where no `public_url` is set.
    patient
        None when the destination is told of no patient.
    escalated_after_minutes
        For how long nobody has acknowledged the study, where that is why it is told.
    finding_codes
        Code of each label, as in the report.
    """

    id: str
    occasion: Occasion
    node: str
    study_instance_uid: str
    report_sop_instance_uid: str
    revision: int
    decision: str
    flagged: Sequence[Label]
    uncertain: Sequence[Label]
    created_at: float
    model: str
    probabilities: Mapping[Label, float] = field(default_factory=dict)
    reasons: Sequence[str] = ()
    study_time: str = ""
    link: str = ""
    patient: Patient | None = None
    escalated_after_minutes: float | None = None
    finding_codes: Mapping[Label, FindingCode] = field(default_factory=lambda: FINDING_CODES)

    @property
    def is_urgent(self) -> bool:
        """Whether it tells of what is flagged."""
        return bool(self.flagged)
