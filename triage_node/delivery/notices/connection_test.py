"""A notice of nobody, to see whether it arrives."""

import uuid

from triage_node.delivery.notices.notice import NOT_ANALYZED, Notice, Occasion, Patient
from triage_node.delivery.notices.notice_source import notice_id, study_link
from triage_node.endpoints import Destination
from triage_node.user_agent import Caller

NOBODY = Patient(name="TEST^CONNECTION", identifier="TRIAGE-NODE-TEST")


def connection_test(destination: Destination, caller: Caller, now: float) -> Notice:
    """Return a notice that says it is a test, of a study that nobody has; each is another one.

    Parameters
    ----------
    now
        Seconds since 1970.
    """
    study_instance_uid, report = (f"2.25.{uuid.uuid4().int}" for _ in range(2))
    return Notice(
        id=notice_id(destination.name, report, Occasion.RESULT),
        occasion=Occasion.RESULT,
        node=caller.ae_title.strip(),
        study_instance_uid=study_instance_uid,
        report_sop_instance_uid=report,
        revision=0,
        decision=NOT_ANALYZED,
        flagged=(),
        uncertain=(),
        created_at=now,
        model="",
        reasons=("This is a test of the connection; there is no such study.",),
        link=study_link(caller.public_url, study_instance_uid),
        patient=NOBODY if destination.patient_data else None,
    )
