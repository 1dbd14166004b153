"""The worklist as a file: what the page shows under the same filters, every row of it."""

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from triage_node.findings import LABELS
from triage_node.identity import Role
from triage_node.web.http.csv_file import csv_file
from triage_node.web.pages.worklist import TheListing, TheServices
from triage_node.web.security.authorization import audited
from triage_node.web.views.templating import moment
from triage_node.worklist import StudySummary

router = APIRouter(include_in_schema=False)

COLUMNS = (
    "group",
    "decision",
    "state",
    "first_received_at",
    "waiting_seconds",
    "patient_name",
    "patient_id",
    "accession_number",
    "study_description",
    "station_name",
    "calling_ae_title",
    "acknowledged_at",
    "acknowledged_by",
    "study_instance_uid",
)
TIMES = ("first_received_at", "acknowledged_at")
HEADS = (
    *COLUMNS,
    "flagged",
    "uncertain",
    *(f"probability_{label}" for label in LABELS),
    "reasons",
    "withheld",
    "cautions",
)


@router.get("/worklist.csv", dependencies=[Depends(audited("worklist_exported", Role.READER))])
def worklist_csv(services: TheServices, shown: TheListing) -> StreamingResponse:
    """Return the studies of a list as CSV."""
    studies = shown.every(services.worklist.study_lists)
    return csv_file("triage-node-worklist", HEADS, (_row(study) for study in studies))


def _row(study: StudySummary) -> list[object]:
    probabilities = study.probabilities or {}
    values = ((column, getattr(study, column)) for column in COLUMNS)
    return [
        *(moment(value) if column in TIMES else value for column, value in values),
        " ".join(study.flagged or []),
        " ".join(study.uncertain or []),
        *(probabilities.get(label.value, "") for label in LABELS),
        " ".join(reason.code for reason in study.reasons or []),
        " ".join(study.withheld),
        ", ".join(caution.words for caution in study.cautions),
    ]
