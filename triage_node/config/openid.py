"""Settings of OpenID."""

from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from triage_node.config.lists import at_commas
from triage_node.loopback import is_loopback


class OpenIDSettings(BaseModel):
    """Signing in with an OpenID provider."""

    openid_issuer: str | None = Field(None, description="URL of the OpenID provider people may sign in with")
    openid_client_id: str | None = Field(None, description="the node's client id at the provider")
    openid_client_secret: SecretStr | None = Field(
        None, description="its secret there; better in the environment or in `openid_client_secret_file`"
    )
    openid_client_secret_file: Path | None = Field(None, description="file that holds the client secret")
    openid_name_claim: str = Field("preferred_username", description="claim that is the user's name")
    openid_role_claim: str = Field("groups", description="claim that holds the user's groups; dots go deeper")
    openid_reader_groups: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="groups whose members are readers; nobody is a reader by default"
    )
    openid_administrator_groups: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="groups whose members are administrators"
    )

    @field_validator("openid_reader_groups", "openid_administrator_groups", mode="before")
    @classmethod
    def _split_groups(cls, value: Any) -> Any:
        return at_commas(value)

    @model_validator(mode="after")
    def _check_openid(self) -> Self:
        """Refuse an OpenID provider without a client, or one that is not asked over TLS."""
        if self.openid_issuer is None:
            return self
        if self.openid_client_id is None:
            raise ValueError("openid_issuer wants an openid_client_id")
        loopback = is_loopback(urlsplit(self.openid_issuer).hostname or "")
        if not self.openid_issuer.startswith("https://") and not loopback:
            raise ValueError("openid_issuer must begin with https://")
        return self
