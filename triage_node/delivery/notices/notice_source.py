"""From a stored result to a notice: what was decided, and, where that is wanted, whom the report names."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydicom.dataset import Dataset

from triage_node.delivery.notices.notice import NOT_ANALYZED, Notice, Occasion, Patient
from triage_node.endpoints import Destination
from triage_node.errors import InvalidInstance, TriageError
from triage_node.findings import FINDING_CODES, LABELS, FindingCode, Label
from triage_node.imaging import read_intact
from triage_node.storage import Spool, StoredResult
from triage_node.user_agent import Caller
from triage_node.worklist import Delivery, StoredOutcome

ID_DIGITS = 32


class NoticeSource:
    """Make the notices for one destination from what lies in the spool.

    The same delivery makes the same notice, whenever it is told.

    Parameters
    ----------
    finding_codes
        Codes that the site sets instead of ours.
    """

    def __init__(
        self, destination: Destination, caller: Caller, spool: Spool, finding_codes: Mapping[Label, FindingCode]
    ) -> None:
        self._finding_codes = {**FINDING_CODES, **finding_codes}
        self._destination = destination
        self._caller = caller
        self._spool = spool

    def notice(self, delivery: Delivery) -> Notice:
        """Return what is to be told of a result.

        Raises
        ------
        TriageError
            The result is missing or damaged.
        StorageError
            It cannot be read now.
        """
        result = self._spool.result(delivery.study_instance_uid, delivery.folder)
        outcome = _outcome(result)
        minutes = self._destination.escalate_after_minutes if delivery.escalation else None
        occasion = Occasion.RESULT if minutes is None else Occasion.UNACKNOWLEDGED
        report = _report(result) if self._destination.patient_data else None
        model = outcome["model"]
        return Notice(
            id=notice_id(self._destination.name, delivery.sop_instance_uid, occasion),
            occasion=occasion,
            node=self._caller.ae_title.strip(),
            study_instance_uid=delivery.study_instance_uid,
            report_sop_instance_uid=delivery.sop_instance_uid,
            revision=outcome["revision"],
            decision=outcome["decision"] or NOT_ANALYZED,
            flagged=_labels(outcome["flagged"]),
            uncertain=_labels(outcome["uncertain"]),
            created_at=float(outcome["created_at"]),
            model=" ".join(filter(None, (str(model.get("name", "")), str(model.get("version", ""))))),
            probabilities={label: outcome["probabilities"][label] for label in LABELS if outcome["probabilities"]},
            reasons=tuple(reason["message"] for reason in outcome["reasons"]),
            study_time=_study_time(report) if report is not None else "",
            link=study_link(self._caller.public_url, delivery.study_instance_uid),
            patient=_patient(report) if report is not None else None,
            escalated_after_minutes=minutes,
            finding_codes=self._finding_codes,
        )


def notice_id(destination: str, report_sop_instance_uid: str, occasion: Occasion) -> str:
    """Return what a notice is known by, so that who gets it twice can tell."""
    names = "\n".join((destination, report_sop_instance_uid, occasion))
    return hashlib.sha256(names.encode()).hexdigest()[:ID_DIGITS]


def study_link(public_url: str, study_instance_uid: str) -> str:
    """Return the address of a study's page, empty where nobody said how people reach the pages."""
    return f"{public_url.rstrip('/')}/studies/{quote(study_instance_uid, safe='')}" if public_url else ""


def _outcome(result: StoredResult) -> Mapping[str, Any]:
    try:
        content = json.loads(result.outcome())
    except (InvalidInstance, ValueError, RecursionError) as error:
        raise TriageError(f"The outcome in {result.folder} cannot be read.") from error
    stored = StoredOutcome.of(result, 0.0, content)
    if stored.content is None:
        raise TriageError(f"The outcome in {result.folder} is damaged: {stored.damage}.")
    return stored.content


def _report(result: StoredResult) -> Dataset:
    content = result.report()
    if content is None:
        raise TriageError(f"The report is missing in {result.folder}.")
    try:
        return read_intact(content)
    except InvalidInstance as error:
        raise TriageError(f"The report in {result.folder} is damaged: {error}") from error


def _labels(names: Any) -> tuple[Label, ...]:
    return tuple(label for label in LABELS if label in names)


def _patient(report: Dataset) -> Patient:
    requests = report.get("ReferencedRequestSequence") or [Dataset()]
    return Patient(
        name=_text(report, "PatientName"),
        identifier=_text(report, "PatientID"),
        issuer=_text(report, "IssuerOfPatientID"),
        birth_date=_text(report, "PatientBirthDate"),
        sex=_text(report, "PatientSex"),
        accession_number=_text(report, "AccessionNumber") or _text(requests[0], "AccessionNumber"),
        placer_order_number=_text(requests[0], "PlacerOrderNumberImagingServiceRequest"),
        study_description=_text(report, "StudyDescription"),
    )


def _study_time(report: Dataset) -> str:
    day, time = _text(report, "StudyDate"), _text(report, "StudyTime").partition(".")[0]
    if not re.fullmatch(r"\d{8}", day, re.ASCII):
        return ""
    return day + time if re.fullmatch(r"\d{4}(\d\d)?", time, re.ASCII) else day


def _text(ds: Dataset, keyword: str) -> str:
    """Return a value of our own report, which is valid, as text."""
    value = ds.get(keyword)
    return "" if value is None else str(value).strip("\0 ")
