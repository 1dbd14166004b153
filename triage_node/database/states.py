"""The states of a study and of a delivery, and the moves that are legal. All are made in `transitions`."""

from enum import StrEnum


class StudyState(StrEnum):
    """Where a study is on its way."""

    RECEIVING = "receiving"
    READY = "ready"
    ANALYZING = "analyzing"
    ANALYZED = "analyzed"
    UNSUITABLE = "unsuitable"
    FAILED = "failed"


LEGAL_MOVES: dict[StudyState, frozenset[StudyState]] = {
    StudyState.RECEIVING: frozenset({StudyState.READY}),
    StudyState.READY: frozenset({StudyState.ANALYZING, StudyState.RECEIVING}),
    StudyState.ANALYZING: frozenset(
        {StudyState.ANALYZED, StudyState.UNSUITABLE, StudyState.FAILED, StudyState.READY, StudyState.RECEIVING}
    ),
    StudyState.ANALYZED: frozenset({StudyState.RECEIVING, StudyState.READY}),
    StudyState.UNSUITABLE: frozenset({StudyState.RECEIVING, StudyState.READY}),
    StudyState.FAILED: frozenset({StudyState.RECEIVING, StudyState.READY}),
}

DONE = (StudyState.ANALYZED, StudyState.UNSUITABLE, StudyState.FAILED)


class DeliveryState(StrEnum):
    """Where a report is on its way to one destination.

    What is scheduled waits for something (`WaitsFor`); what is canceled need not be sent any more.
    """

    SCHEDULED = "scheduled"
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    DEAD = "dead"
    HELD = "held"
    CANCELED = "canceled"


class WaitsFor(StrEnum):
    """What a scheduled delivery waits for."""

    NOTHING = ""
    QUIET_HOURS = "quiet_hours"
    ACKNOWLEDGEMENT = "acknowledgement"


class CommitmentState(StrEnum):
    """How far a destination has committed itself to keep what was delivered; empty when it is not asked to."""

    NONE = ""
    WANTED = "wanted"
    REQUESTED = "requested"
    COMMITTED = "committed"


class Part(StrEnum):
    """What of a study is deleted by itself, in this order: a later part only after the earlier ones."""

    IMAGES = "images"
    """The files of the instances that were received."""
    RESULTS = "results"
    """The reports and what goes with them; what they said stays."""
    ROWS = "rows"
    """All that is left: the rows, and the study's folder."""
