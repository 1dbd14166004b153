"""Instance Availability Notification as a service class provider (PS3.4 Annex R): what an archive has."""

import logging
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from triage_node.dimse import Operation, ServiceRequest, ServiceResponse, Status
from triage_node.imaging import text
from triage_node.ingest import is_uid
from triage_node.notifications.references import UnusableAttribute, items, uid
from triage_node.worklist import Announced, Worklist

log = logging.getLogger(__name__)

INSTANCE_AVAILABILITY_NOTIFICATION = "1.2.840.10008.5.1.4.33"
AVAILABILITIES = frozenset(["ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE"])


class AvailabilityService:
    """Take N-CREATE of notices; each instance in one is awaited, unless it is not available at all."""

    def __init__(self, worklist: Worklist) -> None:
        self._announcements = worklist.announcements

    @property
    def sop_classes(self) -> frozenset[str]:
        """The one SOP class."""
        return frozenset([INSTANCE_AVAILABILITY_NOTIFICATION])

    @property
    def operations(self) -> frozenset[Operation]:
        """What is taken."""
        return frozenset([Operation.N_CREATE])

    def answer(self, request: ServiceRequest) -> ServiceResponse:
        """Note what a notice names; one that is sent again says the same."""
        own_uid = request.sop_instance_uid or str(generate_uid(prefix="2.25."))
        if not is_uid(own_uid):
            return ServiceResponse(Status.INVALID_SOP_INSTANCE)
        try:
            study = uid(request.data_set, "StudyInstanceUID")
            listed = list(_available(request.data_set))
        except UnusableAttribute as error:
            return ServiceResponse(Status.MISSING_ATTRIBUTE, comment=f"{error} is missing or cannot be used")
        name = f"availability notice {own_uid}"
        self._announcements.note(name, [Announced(study, listed)])
        log.info("availability_notice origin=%s study_instance_uid=%s instances=%d", name, study, len(listed))
        return ServiceResponse(Status.SUCCESS, sop_instance_uid=own_uid)


def _available(ds: Dataset) -> Iterator[tuple[str, str]]:
    """Yield series and SOP Instance UIDs (PS3.4 Table R.3.1-1)."""
    for series in items(ds, "ReferencedSeriesSequence"):
        series_instance_uid = uid(series, "SeriesInstanceUID")
        for reference in items(series, "ReferencedSOPSequence"):
            availability = text(reference, "InstanceAvailability").upper()
            if availability not in AVAILABILITIES:
                raise UnusableAttribute("InstanceAvailability")
            if availability != "UNAVAILABLE":
                yield series_instance_uid, uid(reference, "ReferencedSOPInstanceUID")
