"""Settings of the pages."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic_settings import NoDecode

from triage_node.config.lists import at_commas
from triage_node.config.quantities import Count, Time
from triage_node.loopback import is_loopback

Origin = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
"""A scheme, a host and maybe a port (RFC 6454)."""


class WebSettings(BaseModel):
    """The pages, the API and DICOMweb."""

    web_enabled: bool = Field(True, description="serve the pages, the API and DICOMweb")
    web_host: str = Field("127.0.0.1", description="address the web server binds to; beyond loopback it wants TLS")
    web_port: int = Field(8080, ge=0, le=65535, description="port of the web server; 0 takes a free one")
    web_tls_certificate: Path | None = Field(None, description="PEM file of the web server's certificate chain")
    web_tls_key: Path | None = Field(None, description="PEM file of its private key")
    web_behind_proxy: bool = Field(
        False, description="a reverse proxy speaks TLS and sets X-Forwarded-For and -Proto; no TLS is wanted here"
    )
    web_trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1", "::1"), description="addresses of that proxy; forwarded headers of others are ignored"
    )
    web_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="names the server answers to, `*.` before a domain; empty: this machine's names and `web_host`"
    )
    web_allowed_origins: Annotated[tuple[Origin, ...], NoDecode] = Field(
        (), description="origins of other web pages, as `https://viewer.example`, that may call DICOMweb with a token"
    )
    web_idle_minutes: Time = Field(30.0, description="a session unused this long ends")
    web_session_hours: Time = Field(12.0, description="a session ends after this time, used or not")
    web_sign_ins_per_minute: Count = Field(30, description="tries to sign in taken from one address in a minute")
    web_requests_per_minute: Count = Field(
        6000, description="requests taken from one user, token or unknown address in a minute"
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="address of the node as others reach it: for links in notices, and what DICOMweb names",
    )
    viewer_url_template: str | None = Field(
        None,
        pattern=r"^(https?|weasis|osirix|horos|radiant)://.*\{study_instance_uid\}.*$",
        description="address that opens a study in an image viewer, with `{study_instance_uid}` in it",
    )

    notification_patient_names: bool = Field(
        False, description="desktop notifications of the worklist say whose study was flagged"
    )

    @field_validator("web_trusted_proxies", "web_allowed_hosts", "web_allowed_origins", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        return at_commas(value)

    @field_validator("web_trusted_proxies")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if one != "*":
                ipaddress.ip_network(one)
        return value

    @model_validator(mode="after")
    def _check_web(self) -> Self:
        """Refuse pages that can be reached from other machines without TLS."""
        if (self.web_tls_certificate is None) != (self.web_tls_key is None):
            raise ValueError("web_tls_certificate and web_tls_key belong together: set both or none")
        if self.web_enabled and not is_loopback(self.web_host) and not self.web_is_secure:
            raise ValueError(
                f"web_host {self.web_host} can be reached from other machines: set web_tls_certificate and "
                "web_tls_key, or web_behind_proxy = true when a reverse proxy speaks TLS"
            )
        return self

    @property
    def web_is_secure(self) -> bool:
        """Whether browsers reach the pages over TLS."""
        return self.web_tls_certificate is not None or self.web_behind_proxy
