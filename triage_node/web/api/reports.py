"""The report of a study in the forms that people and programs read."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from triage_node.identity import Role
from triage_node.report import FILE_KINDS, Form, content_policy
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited
from triage_node.web.views.reports import report_in_form

router = APIRouter(tags=["worklist"])

TheServices = Annotated[Services, Depends(the_services)]
CONTENT: dict[str, dict[str, object]] = {kind.media_type.partition(";")[0]: {} for kind in FILE_KINDS.values()}


@router.get(
    "/api/studies/{study_instance_uid}/report",
    summary="The report of a study as text, HTML, PDF, JSON, FHIR or DICOM",
    response_class=Response,
    responses={200: {"content": CONTENT, "description": "the report in the form that was asked for"}},
    dependencies=[Depends(audited("report_viewed", Role.READER, Role.SERVICE))],
)
def report(
    study_instance_uid: str,
    services: TheServices,
    form: Annotated[Form, Query(alias="format", description="`dicom` is the Structured Report as stored")] = Form.JSON,
    revision: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="the report of that revision, else the latest")
    ] = None,
) -> Response:
    """Return the report in one of its forms; 404 when there is none. docs/forms.md describes JSON and FHIR."""
    study = services.worklist.study_details.study(study_instance_uid)
    content = report_in_form(study, services.spool, form, revision)
    kind = FILE_KINDS[form]
    # The name says nothing of the patient: it stays in lists of downloads.
    disposition = f'{"attachment" if form is Form.DICOM else "inline"}; filename="report{kind.suffix}"'
    headers = {"Content-Disposition": disposition}
    if form is Form.HTML:
        headers["Content-Security-Policy"] = f"{content_policy()}; frame-ancestors 'none'; sandbox"
    return Response(content, 200, headers, kind.media_type)
