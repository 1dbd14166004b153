"""Settings of delivery."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from triage_node.config.lists import each_once, each_text_read
from triage_node.config.quantities import Time
from triage_node.endpoints import Destination, Endpoint, Peer, WorkitemServer


class DeliverySettings(BaseModel):
    """Where results go, and how other systems are called."""

    destinations: Annotated[tuple[Destination, ...], NoDecode] = Field(
        (), description="who receives the reports, each `AET@HOST:PORT` or a table (see docs/destinations.md)"
    )
    workitem_servers: Annotated[tuple[WorkitemServer, ...], NoDecode] = Field(
        (),
        description="servers of the Unified Worklist (UPS-RS) whose workitems are performed or get another priority, "
        "each a table (see docs/workitems.md)",
    )
    commitment_peers: Annotated[tuple[Peer, ...], NoDecode] = Field(
        (), description="where those are called who ask for storage commitment, each `AET@HOST:PORT`"
    )
    commitment_wait_hours: Time = Field(
        24.0, description="a report that its destination has not committed itself to in this time is sent again"
    )
    connect_timeout_seconds: Time = Field(10.0, description="a peer that does not answer in this time is down")
    answer_timeout_seconds: Time = Field(
        60.0, description="how long a peer may take to answer a message once it is connected"
    )
    retry_first_seconds: Time = Field(5.0, description="first pause before a delivery is tried again; it doubles")
    retry_longest_seconds: Time = Field(
        600.0, description="longest pause between two tries; a destination that is down is called each minute"
    )
    retry_give_up_hours: Time = Field(
        72.0, description="tried for this time, a delivery is dead and waits for a person"
    )

    @field_validator("destinations", "workitem_servers", mode="before")
    @classmethod
    def _parse_endpoints(cls, value: Any) -> Any:
        return each_text_read(value, Endpoint.written)

    @field_validator("commitment_peers", mode="before")
    @classmethod
    def _parse_peers(cls, value: Any) -> Any:
        return each_text_read(value, Peer.parse)

    @field_validator("destinations", "workitem_servers")
    @classmethod
    def _each_endpoint_once(cls, value: tuple[Endpoint, ...], info: ValidationInfo) -> tuple[Endpoint, ...]:
        return each_once(value, info)
