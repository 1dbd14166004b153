"""Notices of a study that nobody has."""

from dataclasses import replace
from typing import Any

from triage_node.delivery.notices.notice import Notice, Occasion, Patient
from triage_node.findings import LABELS, Label

ANN = Patient(
    name="Other^Ann^M^Dr^Jr",
    identifier="PAT-1",
    issuer="HOSPITAL",
    birth_date="19700102",
    sex="F",
    accession_number="ACC-9",
    placer_order_number="ORD-5",
    study_description="CT Head",
)

FLAGGED = Notice(
    id="0123456789abcdef" * 2,
    occasion=Occasion.RESULT,
    node="TRIAGE",
    study_instance_uid="1.2.3",
    report_sop_instance_uid="2.25.1",
    revision=1,
    decision="flagged",
    flagged=(Label.SUBDURAL, Label.ANY),
    uncertain=(Label.EPIDURAL,),
    created_at=1_770_000_000.0,
    model="net 1.0",
    probabilities={label: 0.95 if label in ("subdural", "any") else 0.25 for label in LABELS},
    reasons=("The images are noisy.",),
    study_time="20260102030405",
    link="https://triage.example/studies/1.2.3",
)


def notice(patient: Patient | None = None, **changes: Any) -> Notice:
    """Return a notice of a flagged study, with some values of one's own."""
    return replace(FLAGGED, patient=patient, **changes)
