"""WADO-RS, Retrieve Instances (PS3.18 10.4.1.1.1): studies, series and instances as DICOM files, streamed."""

from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from triage_node.errors import TriageError
from triage_node.identity import Role
from triage_node.imaging import explicit_little_endian
from triage_node.web.dicomweb.described import Responses, media
from triage_node.web.dicomweb.syntaxes import EXPLICIT, Form, form_of
from triage_node.web.dicomweb.targets import (
    INSTANCE,
    REFUSALS,
    SERIES,
    STUDY,
    InstanceTarget,
    SeriesTargets,
    StudyTargets,
    Target,
)
from triage_node.web.http.media_types import DICOM, Acceptable, MediaType, not_acceptable
from triage_node.web.http.multipart import Multipart, Part, alone
from triage_node.web.security.authorization import audited

router = APIRouter(prefix="/dicomweb", tags=["WADO-RS"], responses=REFUSALS)

PARTS = MediaType.multipart(DICOM)
ALONE = MediaType(DICOM)
RETRIEVED = [Depends(audited("images_retrieved", Role.READER, Role.SERVICE))]
ANSWERS: Responses = {200: media("one part an instance", PARTS)}


@router.get(
    STUDY,
    summary="All instances of a study",
    response_class=Response,
    dependencies=RETRIEVED,
    responses=ANSWERS,
)
def study(request: Request, targets: StudyTargets) -> Response:
    """Return a part for each instance, as it is stored with `transfer-syntax=*`."""
    return _multipart(targets, Acceptable.of(request).choose(PARTS).transfer_syntaxes)


@router.get(
    SERIES,
    summary="All instances of a series",
    response_class=Response,
    dependencies=RETRIEVED,
    responses=ANSWERS,
)
def series(request: Request, targets: SeriesTargets) -> Response:
    """Return a part for each instance, as it is stored with `transfer-syntax=*`."""
    return _multipart(targets, Acceptable.of(request).choose(PARTS).transfer_syntaxes)


@router.get(
    INSTANCE,
    summary="One instance",
    response_class=Response,
    dependencies=RETRIEVED,
    responses={200: media("the instance", PARTS, ALONE)},
)
def instance(request: Request, target: InstanceTarget) -> Response:
    """Return the instance, in a part or alone; as it is stored with `transfer-syntax=*`."""
    choice = Acceptable.of(request).choose(PARTS, ALONE)
    [form] = _forms([target], choice.transfer_syntaxes)
    try:
        part = _part(target, form)
    except TriageError as error:
        if EXPLICIT in choice.transfer_syntaxes:
            raise HTTPException(406, f"The instance cannot be sent uncompressed. {error}") from error
        part = _part(target, Form.AS_STORED)
    if choice.media_type == PARTS:
        return Multipart(DICOM).response([part])
    return alone(part)


def _multipart(targets: Sequence[Target], wanted: tuple[str, ...]) -> Response:
    forms = _forms(targets, wanted)
    if all(form is Form.AS_STORED for form in forms):
        # Their sizes are known, so the body's length is.
        return Multipart(DICOM).response([_part(target, Form.AS_STORED) for target in targets])
    return Multipart(DICOM).response(_parts(targets, forms))


def _forms(targets: Sequence[Target], wanted: tuple[str, ...]) -> list[Form]:
    forms = []
    for target in targets:
        form = form_of(target.holding.transfer_syntax_uid, wanted)
        if form is None:
            stored = MediaType.multipart(DICOM, transfer_syntax=target.holding.transfer_syntax_uid)
            raise not_acceptable([stored])
        forms.append(form)
    return forms


def _parts(targets: Sequence[Target], forms: Sequence[Form]) -> Iterator[Part]:
    for target, form in zip(targets, forms, strict=True):
        try:
            yield _part(target, form)
        except TriageError:
            # Damaged pixels are sent as they came, which the part says: nobody is kept from the rest of a study.
            yield _part(target, Form.AS_STORED)


def _part(target: Target, form: Form) -> Part:
    if form is Form.AS_STORED:
        return Part.of_file(_media_type(target.holding.transfer_syntax_uid), target.path)
    return Part.of_bytes(_media_type(EXPLICIT), explicit_little_endian(target.path))


def _media_type(transfer_syntax_uid: str) -> MediaType:
    return MediaType(DICOM, {"transfer-syntax": transfer_syntax_uid})
