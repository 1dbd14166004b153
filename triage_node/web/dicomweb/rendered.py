"""WADO-RS, Retrieve Rendered and Thumbnail (PS3.18 10.4.1.1.3, 10.4.1.1.4): pictures and reports for the eye."""

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from triage_node.errors import TriageError
from triage_node.imaging import MEDIA_TYPES, Instance, encoded, frame_count, rendered
from triage_node.search import StoredInstance
from triage_node.web.dicomweb import documents
from triage_node.web.dicomweb.described import Responses, media
from triage_node.web.dicomweb.documents import is_document, is_pdf, pdf_of, written
from triage_node.web.dicomweb.frames import existing_frames, frame_numbers
from triage_node.web.dicomweb.pictures import Picture, picture_of
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
from triage_node.web.dicomweb.viewing import VIEWED
from triage_node.web.http.media_types import MULTIPART, Acceptable, MediaType
from triage_node.web.http.multipart import Multipart, Part

router = APIRouter(prefix="/dicomweb", tags=["WADO-RS"], responses=REFUSALS, dependencies=VIEWED)

ThePicture = Annotated[Picture, Depends(picture_of)]
ALONE = [MediaType(name) for name in MEDIA_TYPES]
PARTS = [MediaType.multipart(name) for name in MEDIA_TYPES]
WRITTEN = [*documents.ALONE, documents.PDF]
PICTURES: Responses = {200: media("the pictures, a report as a page or text, a PDF", *ALONE, *WRITTEN, MULTIPART)}
THUMBNAILS: Responses = {200: media("the picture", *ALONE)}
NO_IMAGE = "There is no image that can be rendered."


@router.get(
    f"{STUDY}/rendered", summary="All images of a study as pictures", responses=PICTURES, response_class=Response
)
def study_rendered(request: Request, targets: StudyTargets, picture: ThePicture) -> Response:
    """Return a part for each frame of each image, or each report as text; what cannot be rendered is left out."""
    return _all(request, targets, picture)


@router.get(
    f"{SERIES}/rendered", summary="All images of a series as pictures", responses=PICTURES, response_class=Response
)
def series_rendered(request: Request, targets: SeriesTargets, picture: ThePicture) -> Response:
    """Return a part for each frame of each image, or each report as text; what cannot be rendered is left out."""
    return _all(request, targets, picture)


@router.get(
    f"{INSTANCE}/rendered",
    summary="An image as a picture",
    responses=PICTURES,
    response_class=Response,
)
def instance_rendered(request: Request, target: InstanceTarget, picture: ThePicture) -> Response:
    """Return the first frame, or with a multipart type a part for each; a report as HTML or text, a PDF as it is."""
    if is_document(target):
        return _document(request, target)
    if is_pdf(target):
        return _pdf(request, target)
    chosen = Acceptable.of(request).choose(*ALONE, *PARTS).media_type
    return _one(target, 1, picture, chosen) if chosen in ALONE else _all(request, [target], picture)


@router.get(
    f"{INSTANCE}/frames/{{frames}}/rendered", summary="Frames as pictures", responses=PICTURES, response_class=Response
)
def frames_rendered(request: Request, target: InstanceTarget, frames: str, picture: ThePicture) -> Response:
    """Return one frame alone, or with a multipart type a part for each."""
    numbers = existing_frames(target, frame_numbers(frames))
    chosen = Acceptable.of(request).choose(*(ALONE if len(numbers) == 1 else []), *PARTS).media_type
    if chosen in ALONE:
        return _one(target, numbers[0], picture, chosen)
    return _multipart(_drawn(target, numbers, picture, chosen.root), chosen.root, picture.headers)


@router.get(
    f"{STUDY}/thumbnail",
    summary="A small picture of a study",
    responses=THUMBNAILS,
    response_class=Response,
)
def study_thumbnail(request: Request, targets: StudyTargets, picture: ThePicture) -> Response:
    """Return the image in the middle of the largest series."""
    return _thumbnail(request, _largest_series(targets), picture)


@router.get(
    f"{SERIES}/thumbnail",
    summary="A small picture of a series",
    responses=THUMBNAILS,
    response_class=Response,
)
def series_thumbnail(request: Request, targets: SeriesTargets, picture: ThePicture) -> Response:
    """Return the image in the middle, by arrival."""
    return _thumbnail(request, targets, picture)


@router.get(
    f"{INSTANCE}/thumbnail", summary="A small picture of an image", responses=THUMBNAILS, response_class=Response
)
def instance_thumbnail(request: Request, target: InstanceTarget, picture: ThePicture) -> Response:
    """Return its first frame."""
    return _thumbnail(request, [target], picture)


@router.get(
    f"{INSTANCE}/frames/{{frame}}/thumbnail",
    summary="A small picture of a frame",
    responses=THUMBNAILS,
    response_class=Response,
)
def frame_thumbnail(request: Request, target: InstanceTarget, frame: str, picture: ThePicture) -> Response:
    """Return the frame."""
    numbers = existing_frames(target, frame_numbers(frame))
    if len(numbers) > 1:
        raise HTTPException(400, "A thumbnail shows one frame.")
    return _one(target, numbers[0], picture.as_thumbnail(), Acceptable.of(request).choose(*ALONE).media_type)


def _thumbnail(request: Request, targets: Sequence[Target], picture: Picture) -> Response:
    chosen = Acceptable.of(request).choose(*ALONE).media_type
    middle = len(targets) // 2
    return _one(targets[middle], 1, picture.as_thumbnail(), chosen)


def _largest_series(targets: Sequence[Target]) -> Sequence[Target]:
    groups: dict[str, list[Target]] = {}
    for target in targets:
        groups.setdefault(target.holding.series_instance_uid, []).append(target)
    return max(groups.values(), key=lambda group: (_is_image(group[0].holding), len(group)))


def _is_image(holding: StoredInstance) -> bool:
    return holding.modality not in ("SR", "KO", "PR", "DOC", "RTSTRUCT")


def _one(target: Target, number: int, picture: Picture, chosen: MediaType) -> Response:
    try:
        content = next(_drawn(target, [number], picture, chosen.name))
    except TriageError as error:
        raise HTTPException(406, f"{NO_IMAGE} {error}") from error
    return Response(content, 200, dict(picture.headers), media_type=chosen.name)


def _all(request: Request, targets: Sequence[Target], picture: Picture) -> Response:
    reports = [target for target in targets if is_document(target)]
    images = [target for target in targets if not is_document(target)]
    offers = (PARTS if images else []) + (documents.PARTS if reports else [])
    # Who asks for a page, as a browser does, means the one report there is.
    chosen = Acceptable.of(request).choose(*offers, *(documents.ALONE if len(reports) == 1 else [])).media_type
    if chosen in documents.ALONE:
        return _one_written(reports[0], chosen)
    root = chosen.root
    if root in documents.WRITERS:
        return _multipart(_all_written(reports, root), root)
    return _multipart(_every(images, picture, root), root, picture.headers)


def _document(request: Request, target: Target) -> Response:
    chosen = Acceptable.of(request).choose(*documents.ALONE, *documents.PARTS).media_type
    if chosen in documents.PARTS:
        return _multipart(_all_written([target], chosen.root), chosen.root)
    return _one_written(target, chosen)


def _pdf(request: Request, target: Target) -> Response:
    chosen = Acceptable.of(request).choose(documents.PDF).media_type
    try:
        return Response(pdf_of(target), media_type=chosen.name)
    except TriageError as error:
        raise HTTPException(406, f"The PDF cannot be read. {error}") from error


def _one_written(target: Target, chosen: MediaType) -> Response:
    try:
        return Response(written(target, chosen.name), media_type=chosen.name)
    except TriageError as error:
        raise HTTPException(406, f"The report cannot be rendered. {error}") from error


def _all_written(targets: Sequence[Target], root: str) -> Iterator[bytes]:
    for target in targets:
        with contextlib.suppress(TriageError):
            yield written(target, root)


def _every(targets: Sequence[Target], picture: Picture, root: str) -> Iterator[bytes]:
    for target in targets:
        # What is no image, or damaged, is left out: nobody is kept from the rest.
        with contextlib.suppress(TriageError):
            yield from _drawn(target, range(1, frame_count(Instance.read(target.path)) + 1), picture, root)


def _multipart(contents: Iterator[bytes], root: str, headers: Mapping[str, str] | None = None) -> Response:
    try:
        first = next(contents, None)
    except TriageError as error:
        raise HTTPException(406, f"{NO_IMAGE} {error}") from error
    if first is None:
        raise HTTPException(406, NO_IMAGE)
    charset = {"charset": "utf-8"} if root in documents.WRITERS else {}
    parts = (Part.of_bytes(MediaType(root, charset), content) for content in itertools.chain([first], contents))
    response = Multipart(root).response(parts)
    response.headers.update(headers or {})
    return response


def _drawn(target: Target, numbers: Sequence[int], picture: Picture, media_type: str) -> Iterator[bytes]:
    for pixels in rendered(target.path, numbers, picture.window, picture.viewport):
        yield encoded(pixels, media_type, picture.quality)
