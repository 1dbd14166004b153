"""The slices of a study for the viewer: what there is, and each one in Hounsfield units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from triage_node.errors import UnsuitableSeries
from triage_node.findings import Label
from triage_node.identity import Role
from triage_node.storage import best_slices
from triage_node.web.dependencies import Services, the_services
from triage_node.web.security.authorization import audited, require, write_access
from triage_node.web.security.principal import Principal
from triage_node.web.views.answers import Typed
from triage_node.web.views.slices import SliceStack, scores_of
from triage_node.web.views.study_files import study_files
from triage_node.worklist import Study, images_deleted_on

router = APIRouter(tags=["images"])

TheServices = Annotated[Services, Depends(the_services)]
ChosenSeries = Annotated[
    str, Query(alias="series", max_length=64, description="a Series Instance UID; empty: the series that was analyzed")
]


@dataclass(frozen=True, slots=True)
class ShownSlice:
    """A slice, and what the model said of it; None where it did not see the slice."""

    sop_instance_uid: str
    frame_number: int | None
    instance_number: int | None
    position_mm: float
    probabilities: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """A series as the viewer shows it, from feet to head; ``best`` is an index by label, ``spacing_mm`` is (y, x)."""

    series_instance_uid: str
    series_description: str
    rows: int
    columns: int
    spacing_mm: tuple[float, float]
    best: Mapping[Label, int]
    slices: Sequence[ShownSlice]


SERIES = Typed(ShownSeries, "the series")


@router.get("/api/studies/{study_instance_uid}/slices", summary="The slices of a series", responses=SERIES.responses)
def slices(
    study_instance_uid: str,
    principal: Annotated[Principal, Depends(audited("images_viewed", Role.READER, Role.SERVICE))],
    services: TheServices,
    series_instance_uid: ChosenSeries = "",
) -> Response:
    """Return a series: the named, else the analyzed, else the likeliest head CT; its slices from feet to head.

    Rows run from anterior to posterior, columns from the patient's right to the left. `best` is the slice with the
    highest score of each label; a slice the model did not see has no probabilities.
    """
    study = services.worklist.study_details.study(study_instance_uid)
    stack = _stack(services, study, series_instance_uid)
    services.image_views.note(principal, study_instance_uid)
    scores = scores_of(study, stack, services.spool)
    rows, columns = stack.shape
    frames = zip(stack.frames, stack.positions_mm, scores, strict=True)
    return SERIES(
        ShownSeries(
            series_instance_uid=stack.series_instance_uid,
            series_description=stack.description,
            rows=rows,
            columns=columns,
            spacing_mm=stack.spacing_mm,
            best=best_slices(scores),
            slices=[
                ShownSlice(
                    frame.instance.sop_instance_uid, frame.number, frame.instance.instance_number, position, score
                )
                for frame, position, score in frames
            ],
        )
    )


@router.get(
    "/api/studies/{study_instance_uid}/slices/{index}",
    summary="One slice in Hounsfield units",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "int16, little endian, by rows"}},
)
async def one_slice(
    study_instance_uid: str,
    index: Annotated[int, Path(ge=0, le=1_000_000, description="from 0, from feet to head")],
    request: Request,
    principal: Annotated[Principal, Depends(require(Role.READER, Role.SERVICE))],
    services: TheServices,
    series_instance_uid: ChosenSeries = "",
) -> Response:
    """Return ``rows × columns`` values; the headers X-Rows and X-Columns say how many.

    The access is kept once for a session and study in 15 minutes, when the list of slices or the first one is sent.
    """
    image_views = services.image_views
    if not image_views.is_noted(principal, study_instance_uid):
        await write_access(request, principal, "images_viewed", study_instance_uid)
        image_views.note(principal, study_instance_uid)
    return await run_in_threadpool(_slice, services, study_instance_uid, series_instance_uid, index)


def _slice(services: Services, study_instance_uid: str, series_instance_uid: str, index: int) -> Response:
    stack = _stack(services, services.worklist.study_details.study(study_instance_uid), series_instance_uid)
    if index >= len(stack.frames):
        raise HTTPException(404, f"The series has {len(stack.frames)} slices.")
    rows, columns = stack.shape
    try:
        content = services.slices.pixels(stack, index)
    except UnsuitableSeries as error:
        raise HTTPException(422, str(error)) from error
    return Response(content, 200, {"X-Rows": str(rows), "X-Columns": str(columns)}, "application/octet-stream")


def _stack(services: Services, study: Study, series_instance_uid: str) -> SliceStack:
    if study.images_deleted_at is not None and not study.has_images:
        raise HTTPException(410, images_deleted_on(study.images_deleted_at))
    where = services.spool, services.worklist, study.study_instance_uid
    try:
        return services.slices.stack(lambda: study_files(*where), study, series_instance_uid)
    except UnsuitableSeries as error:
        raise HTTPException(404, f"There is nothing to show. {error}") from error
