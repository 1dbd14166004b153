"""Servers of the Unified Worklist (UPS-RS) that the node works with: a table in the settings, by name."""

from typing import ClassVar, Self
from urllib.parse import SplitResult

from pydantic import Field, model_validator

from triage_node.endpoints.endpoint import CREDENTIALS, TLS, Endpoint, Kinds, check_web_resource
from triage_node.endpoints.workitem_servers.code import CODE

OPTIONS = frozenset(
    ["url", "name", "performs", "station", "procedure", "wait_minutes", "priorities", "reading", "creates"]
) | {"requester", "poll_seconds"}


def check_workitems_address(endpoint: Endpoint, url: SplitResult) -> None:
    """Refuse an address that is not the workitems' of a DICOMweb server, and credentials that would be seen."""
    check_web_resource(endpoint, url, "workitems")


KINDS: Kinds = {
    "https": (check_workitems_address, TLS | CREDENTIALS),
    "http": (check_workitems_address, CREDENTIALS),
}
"""How an address of each scheme is checked, and which options it has beside those of all."""


class WorkitemServer(Endpoint):
    """One whose workitems the node performs, or raises the priority of."""

    kinds: ClassVar[Kinds] = KINDS
    common: ClassVar[frozenset[str]] = OPTIONS

    url: str = Field(description="`https://…/workitems`: UPS-RS")
    performs: bool = Field(False, description="claim and perform the workitems that `station` or `procedure` choose")
    station: str = Field(
        "",
        pattern=CODE,
        description="perform what is scheduled for this station: a code of Scheduled Station Name Code Sequence, "
        "`VALUE` or `VALUE^SCHEME`",
    )
    procedure: str = Field(
        "", pattern=CODE, description="perform this procedure: a code of Scheduled Workitem Code Sequence, likewise"
    )
    wait_minutes: float = Field(
        60.0,
        gt=0,
        le=1_000_000,
        description="a claimed workitem whose study has not come in this time is canceled, a workitem whose priority "
        "is to be raised is looked for as long",
    )
    priorities: bool = Field(False, description="raise the priority of the workitems of flagged studies to HIGH")
    reading: str = Field(
        "",
        pattern=CODE,
        description="only of workitems of this procedure; default all of the study that are still scheduled",
    )
    creates: bool = Field(False, description="create a workitem for a flagged study that has none there")
    requester: str = Field(
        "",
        pattern=r"^$|^[A-Za-z0-9_. -]{1,16}$",
        description="AE title that the address of a change of state ends with, where a server wants one there "
        "(dcm4chee-arc: `/state/AET`)",
    )
    poll_seconds: float = Field(10.0, ge=1, le=1_000_000, description="it is asked no more often than this")

    @model_validator(mode="after")
    def _is_used_for_something(self) -> Self:
        if not self.performs and not self.priorities:
            raise ValueError("set performs or priorities, or both: nothing would be asked of it")
        if self.performs and not self.station and not self.procedure:
            raise ValueError("performs wants a station or a procedure: the node would claim what others are to do")
        if self.creates and not self.priorities:
            raise ValueError("creates wants priorities = true")
        return self
