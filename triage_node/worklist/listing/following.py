"""The cursor of a page that ends with one study: what follows the study in a list, also when it is no more in it."""

from triage_node.database import Rank, StudyRow, encode, rank_of
from triage_node.worklist.filters import Filters
from triage_node.worklist.listing.sort import Sort
from triage_node.worklist.open_studies import Place


def open_cursor(study: StudyRow, sort: Sort | None, now: float, maximum_wait_seconds: float) -> str:
    """Return the cursor of the open studies after one; one that was acknowledged counts where it was before."""
    if sort is not None:
        return encode(now, study.id)
    rank = rank_of(study)
    is_overdue = rank != Rank.FIRST and study.first_received_at <= now - maximum_wait_seconds
    return Place(now).cursor(Rank.OVERDUE if is_overdue else rank, study)


def cursor_of_all(study: StudyRow, filters: Filters) -> str:
    """Return the cursor of all studies after one."""
    return encode(study.id) if filters.text.strip() else encode(study.first_received_at, study.id)
