"""Settings of what this process does of the node's work."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, field_validator
from pydantic_settings import NoDecode

from triage_node.config.lists import at_commas

Role = Literal["listener", "worker", "web", "delivery", "upkeep"]
ROLES: tuple[Role, ...] = get_args(Role)


class RoleSettings(BaseModel):
    """Which parts of the node run in this process."""

    roles: Annotated[tuple[Role, ...], NoDecode] = Field(
        ROLES, min_length=1, description="what this process does of the node's work (see docs/cluster.md)"
    )

    @field_validator("roles", mode="before")
    @classmethod
    def _split_roles(cls, value: Any) -> Any:
        return at_commas(value)

    @field_validator("roles")
    @classmethod
    def _each_role_once(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        return tuple(role for role in ROLES if role in value)
