"""Settings of the listener."""

import socket
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic_settings import NoDecode

from triage_node.allowed_peers import AETitle, AllowedPeer
from triage_node.config.lists import at_commas, each_text_read
from triage_node.config.quantities import Count, Megabytes, Time
from triage_node.loopback import is_loopback


class ListenerSettings(BaseModel):
    """The DICOM listener: its ports, its TLS, who may send, how much at once."""

    ae_title: AETitle = Field("TRIAGE", description="AE title of the node, called by the PACS and calling it back")
    dicom_host: str = Field("127.0.0.1", description="address the DICOM listener binds to")
    dicom_port: int = Field(11112, ge=0, le=65535, description="port of the DICOM listener; 0 takes a free one")
    dicom_plain_enabled: bool = Field(True, description="listen on `dicom_port`; off, only the TLS port is left")
    dicom_tls_port: int | None = Field(
        None, ge=0, le=65535, description="port of the DICOM listener that speaks TLS; 0 takes a free one"
    )
    dicom_tls_certificate: Path | None = Field(
        None, description="PEM file of the listener's certificate chain; taken up again when it changes"
    )
    dicom_tls_key: Path | None = Field(None, description="PEM file of its private key, not encrypted")
    dicom_tls_ca: Path | None = Field(
        None, description="PEM file of the authorities that sign the certificates of senders"
    )
    dicom_tls_client_certificates: Literal["required", "optional", "off"] = Field(
        "required", description="whether a sender must show a certificate; one that is shown is checked unless `off`"
    )
    allowed_calling_ae_titles: Annotated[tuple[AETitle, ...], NoDecode] = Field(
        (), description="AE titles that may send; empty allows all on loopback only, `*` allows all anywhere"
    )
    allowed_peers: Annotated[tuple[AllowedPeer, ...], NoDecode] = Field(
        (), description="the same with networks, each `AET@NETWORK` or a table (see docs/senders.md)"
    )
    check_called_ae_title: bool = Field(False, description="reject a sender that calls another AE title than ours")
    maximum_associations: Count = Field(32, description="associations served at once")
    maximum_associations_per_address: Count = Field(
        16, description="associations served at once of one address, so that none can take all"
    )
    maximum_connections_per_minute_per_address: Count = Field(
        6000, description="connections taken from one address in a minute, in bursts of as many"
    )
    association_idle_seconds: Time = Field(60.0, description="a silent association is aborted after this time")
    maximum_instance_mb: Megabytes = Field(2048, ge=1, description="MiB; a larger instance is refused")

    @field_validator("allowed_calling_ae_titles", mode="before")
    @classmethod
    def _split_titles(cls, value: Any) -> Any:
        return at_commas(value)

    @field_validator("allowed_peers", mode="before")
    @classmethod
    def _parse_allowed_peers(cls, value: Any) -> Any:
        return each_text_read(value, AllowedPeer.written)

    @model_validator(mode="after")
    def _check_listener(self) -> Self:
        self._check_openness()
        self._check_tls()
        return self

    @property
    def senders(self) -> tuple[AllowedPeer, ...]:
        """Who may send, whichever setting says so."""
        titles = tuple(AllowedPeer(ae_title=title) for title in self.allowed_calling_ae_titles)
        return self.allowed_peers or titles or (AllowedPeer(),)

    @property
    def dicom_ports(self) -> tuple[str, ...]:
        """The ports of the DICOM listener, in words."""
        plain = (str(self.dicom_port),) if self.dicom_plain_enabled else ()
        return plain if self.dicom_tls_port is None else (*plain, f"{self.dicom_tls_port} (TLS)")

    @property
    def node_name(self) -> str:
        """Name of this node among those that share a database."""
        return f"{self.ae_title.strip()}@{socket.gethostname()}"

    def _check_openness(self) -> None:
        """Refuse a listener that anyone may reach and anyone may send to, unless that is wanted."""
        if self.allowed_calling_ae_titles and self.allowed_peers:
            raise ValueError(
                "allowed_calling_ae_titles and allowed_peers exclude each other: move the AE titles to allowed_peers"
            )
        if not self.allowed_calling_ae_titles and not self.allowed_peers and not is_loopback(self.dicom_host):
            raise ValueError(
                f"dicom_host {self.dicom_host} can be reached from other machines: name who may send in "
                'allowed_peers or allowed_calling_ae_titles, or write ["*"] to allow everyone'
            )

    def _check_tls(self) -> None:
        """Refuse a TLS port without what it needs, and a node that listens nowhere."""
        if self.dicom_tls_port is None:
            if not self.dicom_plain_enabled:
                raise ValueError("dicom_plain_enabled = false wants a dicom_tls_port: the node would listen nowhere")
            return
        if self.dicom_tls_certificate is None or self.dicom_tls_key is None:
            raise ValueError("dicom_tls_port wants dicom_tls_certificate and dicom_tls_key")
        if self.dicom_tls_client_certificates != "off" and self.dicom_tls_ca is None:
            raise ValueError(
                "dicom_tls_port wants dicom_tls_ca, whose certificates of senders are believed, or "
                'dicom_tls_client_certificates = "off" when anybody may send without one'
            )
