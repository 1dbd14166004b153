"""What a DICOMweb address names: instances of a study that the worklist knows, and where they are in the spool."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from starlette.exceptions import HTTPException

from triage_node.database import day_of
from triage_node.errors import ObjectStorageError
from triage_node.search import StoredInstance
from triage_node.web.dependencies import Services, the_services

STUDY = "/studies/{study_instance_uid}"
SERIES = f"{STUDY}/series/{{series_instance_uid}}"
INSTANCE = f"{SERIES}/instances/{{sop_instance_uid}}"
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "a UID, number, media type or parameter that is none"},
    404: {"description": "there is no such thing"},
    406: {"description": "nothing acceptable can be sent"},
    410: {"description": "the files are no longer kept"},
    503: {"description": "the files are on another machine or in an object storage that does not answer now"},
}
_LATER = {"Retry-After": "10"}
# What ingest lets in; anything else is the name of nothing here.
UID = re.compile(r"[0-9A-Za-z._-]{1,64}")


@dataclass(frozen=True)
class Target:
    """An instance and its file; the file's name is a hash of UIDs that the worklist had."""

    holding: StoredInstance
    path: Path


def study_targets(study_instance_uid: str, services: Annotated[Services, Depends(the_services)]) -> Sequence[Target]:
    """Return the instances of a study; 400, 404 or 410 when there are none."""
    return targets_of(services, study_instance_uid)


def series_targets(
    study_instance_uid: str, series_instance_uid: str, services: Annotated[Services, Depends(the_services)]
) -> Sequence[Target]:
    """Return the instances of a series; 400, 404 or 410 when there are none."""
    return targets_of(services, study_instance_uid, series_instance_uid)


def instance_target(
    study_instance_uid: str,
    series_instance_uid: str,
    sop_instance_uid: str,
    services: Annotated[Services, Depends(the_services)],
) -> Target:
    """Return one instance; 400, 404 or 410 when it is not there."""
    return targets_of(services, study_instance_uid, series_instance_uid, sop_instance_uid)[0]


StudyTargets = Annotated[Sequence[Target], Depends(study_targets)]
SeriesTargets = Annotated[Sequence[Target], Depends(series_targets)]
InstanceTarget = Annotated[Target, Depends(instance_target)]


def targets_of(services: Services, *uids: str) -> Sequence[Target]:
    """Return what a study, a series in it, or an instance in that has; 400, 404 or 410 when there is nothing."""
    if not all(UID.fullmatch(uid) for uid in uids):
        raise HTTPException(400, "The address holds a UID that is none.")
    found = services.worklist.stored_instances.find(*uids)
    if not found:
        level = ("study", "series", "instance")[len(uids) - 1]
        raise HTTPException(404, f"The node has no such {level}.")
    files = [(one.study_instance_uid, one.sop_instance_uid, one.result_file) for one in found]
    try:
        paths = services.spool.stored_files(files)
    except ObjectStorageError as error:
        raise HTTPException(503, f"The images cannot be fetched now. {error}", _LATER) from error
    targets = [Target(one, path) for one, path in zip(found, paths, strict=True)]
    present = [target for target in targets if target.holding.deleted_at is None and target.path.is_file()]
    if len(present) < len(targets) and services.worklist.uploads.is_elsewhere(uids[0]):
        raise HTTPException(503, "Not all of these images have come from the machine that received them.", _LATER)
    if not present:
        raise HTTPException(410, _gone(found))
    return present


def _gone(instances: Sequence[StoredInstance]) -> str:
    deleted = [one.deleted_at for one in instances if one.deleted_at is not None]
    when = f" They were deleted on {day_of(max(deleted))}." if deleted else ""
    return f"The node has had these images and no longer keeps them.{when}"
