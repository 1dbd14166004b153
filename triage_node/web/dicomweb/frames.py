"""WADO-RS, Retrieve Frames (PS3.18 10.4.1.1.6): pixels uncompressed, or compressed as they are stored."""

import itertools
import re
from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydicom import uid
from starlette.exceptions import HTTPException

from triage_node.errors import TriageError
from triage_node.imaging import (
    JPEG,
    JPEG_LS,
    NATIVE,
    RLE,
    Instance,
    compressed_frames,
    frame_count,
    little_endian_frames,
)
from triage_node.web.dicomweb.described import media
from triage_node.web.dicomweb.syntaxes import EXPLICIT, LOSSY
from triage_node.web.dicomweb.targets import INSTANCE, REFUSALS, InstanceTarget, Target
from triage_node.web.dicomweb.viewing import VIEWED
from triage_node.web.http.media_types import MULTIPART, OCTET_STREAM, Acceptable, MediaType
from triage_node.web.http.multipart import Multipart, Part, alone

router = APIRouter(prefix="/dicomweb", tags=["WADO-RS"], responses=REFUSALS)

MEDIA_TYPES = (
    dict.fromkeys(JPEG, "image/jpeg")
    | dict.fromkeys(JPEG_LS, "image/jls")
    | dict.fromkeys(RLE, "image/dicom-rle")
    | dict.fromkeys((uid.JPEG2000Lossless, uid.JPEG2000), "image/jp2")
    | dict.fromkeys((uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K), "image/jphc")
)
"""Of compressed frames, by transfer syntax (PS3.18 Table 8.7.3-5)."""


@router.get(
    f"{INSTANCE}/frames/{{frames}}",
    summary="Frames of one instance",
    response_class=Response,
    dependencies=VIEWED,
    responses={
        200: media("one part a frame, or one alone", MULTIPART, OCTET_STREAM, *dict.fromkeys(MEDIA_TYPES.values()))
    },
)
def frames(request: Request, target: InstanceTarget, frames: str) -> Response:
    """Return the frames with these numbers, from 1, parted by commas; lossy ones compressed if nothing else is said.

    One frame may be asked for alone, without a part around it.
    """
    numbers = frame_numbers(frames)
    offers = _offers(target.holding.transfer_syntax_uid)
    single = [MediaType(offer.root, {"transfer-syntax": offer.transfer_syntax}) for offer in offers]
    chosen = Acceptable.of(request).choose(*offers, *(single if len(numbers) == 1 else [])).media_type
    parts = _parts(target, existing_frames(target, numbers), chosen, request.url.path.rpartition("/")[0])
    return alone(next(parts)) if chosen in single else Multipart(chosen.root).response(parts)


def _parts(target: Target, numbers: Sequence[int], chosen: MediaType, place: str) -> Iterator[Part]:
    read = little_endian_frames if chosen.root == OCTET_STREAM else compressed_frames
    contents = begun(read(target.path, numbers))
    media_type = MediaType(chosen.root, {"transfer-syntax": chosen.transfer_syntax})
    return (
        Part.of_bytes(media_type, content, f"{place}/{number}")
        for number, content in zip(numbers, contents, strict=True)
    )


def frame_numbers(text: str) -> Sequence[int]:
    """Return the numbers of an address; 400 when they are none, or one is named twice."""
    if not re.fullmatch(r"[1-9]\d{0,5}(,[1-9]\d{0,5}){0,9999}", text):
        raise HTTPException(400, "The address holds no list of frame numbers from 1.")
    numbers = [int(number) for number in text.split(",")]
    if len(set(numbers)) < len(numbers):
        raise HTTPException(400, "The address names a frame twice.")
    return numbers


def existing_frames(target: Target, numbers: Sequence[int]) -> Sequence[int]:
    """Return the numbers; 404 when the instance has not so many frames, 406 when it cannot be read."""
    try:
        count = frame_count(Instance.read(target.path))
    except TriageError as error:
        raise HTTPException(406, str(error)) from error
    if max(numbers) > count:
        raise HTTPException(404, f"The instance has {count} frames.")
    return numbers


def begun(contents: Iterator[bytes]) -> Iterator[bytes]:
    """Return the same contents; the first is made at once, so that what cannot be made is 406 and not a body cut off.

    Raises
    ------
    HTTPException
        406, with the reason.
    """
    try:
        first = next(contents)
    except TriageError as error:
        raise HTTPException(406, f"The image cannot be sent in this form. {error}") from error
    return itertools.chain([first], contents)


def _offers(stored: str) -> list[MediaType]:
    plain = MediaType.multipart(OCTET_STREAM, transfer_syntax=EXPLICIT)
    if stored in NATIVE:
        return [plain]
    if stored not in MEDIA_TYPES:
        return []
    compressed = MediaType.multipart(MEDIA_TYPES[uid.UID(stored)], transfer_syntax=stored)
    return [compressed, plain] if stored in LOSSY else [plain, compressed]
