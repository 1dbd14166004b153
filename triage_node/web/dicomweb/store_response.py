"""The answer to a Store transaction (PS3.18 10.5.3 and Annex I.2, Store Instances Response Module)."""

from starlette.responses import JSONResponse

from triage_node.ingest import OUT_OF_RESOURCES, Header
from triage_node.json_object import JsonObject
from triage_node.web.dicomweb.json_model import Item
from triage_node.web.dicomweb.store_transaction import Answers, Failure
from triage_node.web.http.media_types import DICOM_JSON

RETRY_SECONDS = "60"


def store_response(answers: Answers, base_url: str) -> JSONResponse:
    """Return status and response module.

    Parameters
    ----------
    base_url
        Where DICOMweb is served, without a slash at the end.
    """
    status = status_code(answers)
    headers = {"Retry-After": RETRY_SECONDS} if status == 503 else None
    return JSONResponse(_module(answers, base_url), status, headers, media_type=DICOM_JSON)


def status_code(answers: Answers) -> int:
    """Return the status (PS3.18 Table 10.5.3-1): 200 all, 202 some, 409 none; 503 when it was the disk alone."""
    if not answers.failed:
        return 200
    if answers.stored:
        return 202
    return 503 if {failure.status for failure in answers.failed} == {OUT_OF_RESOURCES} else 409


def _module(answers: Answers, base_url: str) -> Item:
    module: Item = {}
    studies = {header.study_instance_uid for header in answers.stored}
    if len(studies) == 1:
        module["00081190"] = _element("UR", f"{base_url}/studies/{studies.pop()}")
    known = [_failed(failure.header, failure.status) for failure in answers.failed if failure.header is not None]
    unknown = [_reason(failure) for failure in answers.failed if failure.header is None]
    stored = [_stored(header, base_url) for header in answers.stored]
    for tag, items in (("00081198", known), ("00081199", stored), ("0008119A", unknown)):
        if items:
            module[tag] = _element("SQ", *items)
    return module


def _stored(header: Header, base_url: str) -> Item:
    series = f"{base_url}/studies/{header.study_instance_uid}/series/{header.series_instance_uid}"
    return _reference(header) | {"00081190": _element("UR", f"{series}/instances/{header.sop_instance_uid}")}


def _failed(header: Header, status: int) -> Item:
    return _reference(header) | {"00081197": _element("US", status)}


def _reason(failure: Failure) -> Item:
    return {"00081197": _element("US", failure.status)}


def _reference(header: Header) -> Item:
    return {
        "00081150": _element("UI", header.sop_class_uid),
        "00081155": _element("UI", header.sop_instance_uid),
    }


def _element(vr: str, *values: object) -> JsonObject:
    return {"vr": vr, "Value": list(values)}
