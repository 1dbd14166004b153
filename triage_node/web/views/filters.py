"""The filters of lists of studies, as the query of an address; pages and API share them."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator, Field

from triage_node.worklist import Filters


def _none_if_empty(value: Any) -> Any:
    """Take what an empty field of a form sends for a filter that is not set."""
    return None if value == "" else value


Some = Annotated[list[str], Query(max_length=20)]
Day = Annotated[date | None, BeforeValidator(_none_if_empty)]
YesOrNo = Annotated[bool | None, BeforeValidator(_none_if_empty)]
Cursor = Annotated[
    Annotated[str, Field(max_length=200)] | None,
    BeforeValidator(_none_if_empty),
    Query(description="`next` of the page before; the first page without"),
]
Limit = Annotated[int, Query(ge=1, le=200, description="studies in a page")]


def study_filters(
    state: Annotated[
        Some, Query(description="receiving, ready, analyzing, analyzed, unsuitable or failed; several: any of them")
    ] = [],  # noqa: B006
    decision: Annotated[
        Some, Query(description="flagged, uncertain, not_flagged, or none for a study without a decision")
    ] = [],  # noqa: B006
    hemorrhage: Annotated[
        Some,
        Query(
            description="a flagged type: epidural, intraparenchymal, intraventricular, subarachnoid, subdural or any"
        ),
    ] = [],  # noqa: B006
    station: Annotated[Some, Query(description="Station Name (0008,1010)")] = [],  # noqa: B006
    calling_ae_title: Annotated[Some, Query(description="AE title of who sent the study")] = [],  # noqa: B006
    reason: Annotated[
        Some, Query(description="why the latest analysis gave no answer, such as not_head or analysis_failed")
    ] = [],  # noqa: B006
    received_from: Annotated[Day, Query(description="first local day of arrival")] = None,
    received_to: Annotated[Day, Query(description="last local day of arrival")] = None,
    acknowledged: Annotated[YesOrNo, Query(description="whether a reader has acknowledged the study")] = None,
    urgent: Annotated[YesOrNo, Query(description="whether the study came as urgent")] = None,
    text: Annotated[
        str,
        Query(
            max_length=256,
            description="beginnings of words of the patient's name or ID, the accession number, the study's "
            "description or UID; case and accents do not count",
        ),
    ] = "",
) -> Filters:
    """Return the filters; a wrong value is `InvalidInput`."""
    return Filters(
        state=_codes(state),
        decision=_codes(decision),
        hemorrhage=_codes(hemorrhage),
        station=_values(station),
        calling_ae_title=_values(calling_ae_title),
        reason=_codes(reason),
        received_from=received_from,
        received_to=received_to,
        acknowledged=acknowledged,
        urgent=urgent,
        text=text.strip(),
    )


def _codes(given: list[str]) -> tuple[str, ...]:
    """Take several codes of one field of a form, too, with commas between."""
    return _values([code for value in given for code in value.split(",")])


def _values(given: list[str]) -> tuple[str, ...]:
    return tuple(value for value in given if value)
