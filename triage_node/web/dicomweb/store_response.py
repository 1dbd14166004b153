"""The answer to a Store transaction (PS3.18 10.5.3 and Annex I.2, Store Instances Response Module)."""

from starlette.responses import JSONResponse, Response

from triage_node.imaging import Item, data_set
from triage_node.ingest import OUT_OF_RESOURCES, Header
from triage_node.web.dicomweb.store_transaction import Answers
from triage_node.web.http.data_sets import XML_PARTS, data_sets_response
from triage_node.web.http.media_types import MediaType

RETRY_SECONDS = "60"


def store_response(answers: Answers, base_url: str, media_type: MediaType) -> Response:
    """Return status and response module.

    Parameters
    ----------
    base_url
        Where DICOMweb is served, without a slash at the end.
    media_type
        JSON, or parts of XML.
    """
    status = status_code(answers)
    headers = {"Retry-After": RETRY_SECONDS} if status == 503 else {}
    module = _module(answers, base_url)
    if media_type == XML_PARTS:
        return data_sets_response([module], media_type, headers, status)
    return JSONResponse(module, status, headers, media_type=str(media_type))


def status_code(answers: Answers) -> int:
    """Return the status (PS3.18 Table 10.5.3-1): 200 all, 202 some, 409 none; 503 when it was the disk alone."""
    if not answers.failed:
        return 200
    if answers.stored:
        return 202
    return 503 if {failure.status for failure in answers.failed} == {OUT_OF_RESOURCES} else 409


def _module(answers: Answers, base_url: str) -> Item:
    studies = {header.study_instance_uid for header in answers.stored}
    items = {
        "FailedSOPSequence": [
            _failed(failure.header, failure.status) for failure in answers.failed if failure.header is not None
        ],
        "ReferencedSOPSequence": [_stored(header, base_url) for header in answers.stored],
        "OtherFailuresSequence": [
            data_set({"FailureReason": failure.status}) for failure in answers.failed if failure.header is None
        ],
    }
    address = {"RetrieveURL": f"{base_url}/studies/{studies.pop()}"} if len(studies) == 1 else {}
    return data_set(address | {keyword: value for keyword, value in items.items() if value})


def _stored(header: Header, base_url: str) -> Item:
    series = f"{base_url}/studies/{header.study_instance_uid}/series/{header.series_instance_uid}"
    return data_set(_reference(header) | {"RetrieveURL": f"{series}/instances/{header.sop_instance_uid}"})


def _failed(header: Header, status: int) -> Item:
    return data_set(_reference(header) | {"FailureReason": status})


def _reference(header: Header) -> dict[str, object]:
    return {"ReferencedSOPClassUID": header.sop_class_uid, "ReferencedSOPInstanceUID": header.sop_instance_uid}
