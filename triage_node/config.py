"""The settings of the node: one table, read once, frozen.

Order of precedence: options given on the command line, then `TRIAGE_*` environment variables, then `triage-node.toml`,
then the defaults below.
"""

import ipaddress
import os
import socket
from collections import Counter
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from triage_node.allowed_peers import AETitle, AllowedPeer
from triage_node.destinations import Destination
from triage_node.endpoint import Endpoint
from triage_node.errors import SettingsError
from triage_node.findings import FindingCode, Label
from triage_node.outcome import ObjectKind
from triage_node.peer import Peer
from triage_node.settings_checks import (
    at_commas,
    check_dicom,
    check_dicom_tls,
    check_openid,
    check_web,
    each_text_read,
    read_finding_codes,
    written_finding_codes,
)
from triage_node.settings_errors import check_environment, complaint_of
from triage_node.sources import QuerySource
from triage_node.workitem_servers import WorkitemServer
from triage_node.zone import MachineZone

SETTINGS_FILE = Path("triage-node.toml")
SECRETS = frozenset(["openid_client_secret", "database_url"])
"""Settings whose value is never repeated."""

Port = Annotated[int, Field(ge=1, le=65535)]
Time = Annotated[float, Field(gt=0, le=1_000_000)]
"""Seconds, minutes or hours; no more than operating systems wait for at once."""
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Megabytes = Annotated[int, Field(ge=0, le=1_000_000_000)]
Percent = Annotated[float, Field(ge=0, lt=100)]
Origin = Literal["default", "option", "environment", "file"]


class Settings(BaseSettings):
    """Everything that can be set; each field's description is the line in the README."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", frozen=True, extra="forbid")

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
    maximum_instance_mb: Megabytes = Field(2048, ge=1, description="a larger instance is refused")
    data_dir: Path = Field(Path("triage-data"), description="spool, results and the SQLite file live here")
    database_url: str | None = Field(None, description="SQLAlchemy URL of the worklist; default SQLite in `data_dir`")
    disk_reserve_mb: Megabytes = Field(
        512, description="with less free space, senders are refused (0xA700), until a quarter more is free"
    )
    disk_reserve_percent: Percent = Field(0.0, description="likewise, in percent of the disk; whichever is more counts")
    disk_warn_mb: Megabytes = Field(
        10_240, description="with less free space the node warns, with less than twice the reserve in any case"
    )
    disk_warn_percent: Percent = Field(5.0, description="likewise, in percent of the disk; whichever is more counts")
    series_quiet_seconds: Time = Field(20.0, description="a head CT series silent this long is analyzed")
    study_quiet_seconds: Time = Field(60.0, description="a study silent this long is complete")
    study_maximum_seconds: Time = Field(900.0, description="a study is analyzed at the latest after this time")
    destinations: Annotated[tuple[Destination, ...], NoDecode] = Field(
        (), description="who receives the reports, each `AET@HOST:PORT` or a table (see docs/destinations.md)"
    )
    sources: Annotated[tuple[QuerySource, ...], NoDecode] = Field(
        (),
        description="who is asked if a study is complete, each `AET@HOST:PORT` or a table (see docs/completion.md)",
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
    report_not_analyzed: bool = Field(True, description="send a report for a CT study that could not be analyzed")
    finding_codes: Mapping[Label, FindingCode] = Field(
        {}, description="codes of findings in reports instead of ours, a table (see docs/reference/codes.md)"
    )
    model: str = Field("default", description="name of a shipped model or a folder with a manifest")
    explanation: Literal["off", "keep", "send"] = Field(
        "off",
        description="`keep` writes a Grad-CAM picture beside each result, for quality control; `send` also sends it "
        "after the report, as a Secondary Capture",
    )
    extra_objects: Annotated[tuple[ObjectKind, ...], NoDecode] = Field(
        (),
        description="objects made of each result beside its report even if no destination is sent them: `summary`, "
        "`key_objects`, `pdf`; DICOMweb lists them",
    )
    summary_localization: bool = Field(
        False,
        description="the summary also shows where the model looked; the picture is then kept, as by `explanation`",
    )
    summary_patient: bool = Field(
        False, description="the summary names patient and study in the picture, which Burned In Annotation then says"
    )
    prior_study_days: int = Field(
        30, ge=0, le=1_000_000, description="an older study is a prior and is not analyzed; 0 analyzes all"
    )
    analysis_timeout_seconds: Time = Field(300.0, description="an analysis that takes longer is ended and retried")
    analysis_attempts: Count = Field(3, description="tries before a study is failed")
    worker_nice: int = Field(10, ge=0, le=19, description="niceness of the inference process, so intake stays fast")
    timezone: str | None = Field(
        None,
        description="zone of the node's times and days, an IANA name as in `Europe/Berlin`; default this machine's",
    )
    maximum_wait_minutes: Time = Field(60.0, description="a case waiting longer rises to the top of the reading order")
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
    web_idle_minutes: Time = Field(30.0, description="a session unused this long ends")
    web_session_hours: Time = Field(12.0, description="a session ends after this time, used or not")
    web_sign_ins_per_minute: Count = Field(30, description="tries to sign in taken from one address in a minute")
    web_requests_per_minute: Count = Field(
        6000, description="requests taken from one user, token or unknown address in a minute"
    )
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
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="address of the pages as people reach them, for links in notices",
    )
    viewer_url_template: str | None = Field(
        None,
        pattern=r"^(https?|weasis|osirix|horos|radiant)://.*\{study_instance_uid\}.*$",
        description="address that opens a study in an image viewer, with `{study_instance_uid}` in it",
    )
    audit_syslog: str | None = Field(
        None, description="where DICOM audit messages go: `udp://HOST:PORT`, `tls://HOST:PORT`; nowhere by default"
    )
    audit_syslog_ca: Path | None = Field(None, description="PEM file of the authority that signed that server's TLS")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level that is logged")

    _options: frozenset[str] | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options, then the environment, then the file named by `read_settings`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator(
        "allowed_calling_ae_titles",
        "web_trusted_proxies",
        "web_allowed_hosts",
        "openid_reader_groups",
        "openid_administrator_groups",
        "extra_objects",
        mode="before",
    )
    @classmethod
    def _split_titles(cls, value: Any) -> Any:
        return at_commas(value)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            return None if value is None else ZoneInfo(value).key
        except (OSError, ValueError, ZoneInfoNotFoundError) as error:
            raise ValueError("the IANA time zone database has no such zone; write it as in Europe/Berlin") from error

    @field_validator("destinations", "sources", "workitem_servers", mode="before")
    @classmethod
    def _parse_endpoints(cls, value: Any) -> Any:
        return each_text_read(value, Endpoint.written)

    @field_validator("allowed_peers", mode="before")
    @classmethod
    def _parse_allowed_peers(cls, value: Any) -> Any:
        return each_text_read(value, AllowedPeer.written)

    @field_validator("commitment_peers", mode="before")
    @classmethod
    def _parse_peers(cls, value: Any) -> Any:
        return each_text_read(value, Peer.parse)

    @field_validator("finding_codes", mode="before")
    @classmethod
    def _read_finding_codes(cls, value: Any) -> Any:
        return read_finding_codes(value)

    @field_serializer("finding_codes")
    def _write_finding_codes(self, value: Mapping[Label, FindingCode]) -> dict[str, dict[str, str]]:
        return written_finding_codes(value)

    @field_validator("destinations", "sources", "workitem_servers")
    @classmethod
    def _each_once(cls, value: tuple[Endpoint, ...], info: ValidationInfo) -> tuple[Endpoint, ...]:
        once = tuple(dict.fromkeys(value))
        names = Counter(one.name for one in once)
        if twice := [name for name, number in names.items() if number > 1]:
            raise ValueError(f"two {info.field_name} are called {twice[0]!r}")
        return once

    @field_validator("web_trusted_proxies")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if one != "*":
                ipaddress.ip_network(one)
        return value

    @model_validator(mode="after")
    def _agree_with_one_another(self) -> Self:
        for check in (check_dicom, check_dicom_tls, check_web, check_openid):
            check(self)
        return self

    def origin(self, name: str) -> Origin:
        """Return where a setting comes from."""
        if name not in self.model_fields_set:
            return "default"
        if self._options is None or name in self._options:
            return "option"
        return "environment" if f"TRIAGE_{name}".upper() in {key.upper() for key in os.environ} else "file"

    @property
    def zone(self) -> tzinfo:
        """The time zone the node lives in."""
        return MachineZone() if self.timezone is None else ZoneInfo(self.timezone)

    @property
    def made_objects(self) -> frozenset[ObjectKind]:
        """The objects made of each result, those that any destination is sent and those wanted anyway."""
        return frozenset(self.extra_objects).union(*(one.objects for one in self.destinations))

    @property
    def web_is_secure(self) -> bool:
        """Whether browsers reach the pages over TLS."""
        return self.web_tls_certificate is not None or self.web_behind_proxy

    @property
    def effective_database_url(self) -> str:
        """The worklist's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'worklist.sqlite'}"

    @property
    def node_name(self) -> str:
        """Name of this node among those that share a database."""
        return f"{self.ae_title.strip()}@{socket.gethostname()}"

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


def read_settings(file: Path | None = None, **options: object) -> Settings:
    """Read the settings; options that are None count as not given.

    Parameters
    ----------
    file
        A TOML file; by default `triage-node.toml` in the working directory, if there is one.

    Raises
    ------
    SettingsError
        A value is wrong; the sentence names key and value.
    """
    source = file or SETTINGS_FILE
    if not source.is_file() and (file is not None or os.path.lexists(source)):
        raise SettingsError(f"The settings file {source} {'is no file' if source.exists() else 'does not exist'}.")

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=source)

    check_environment(list(Settings.model_fields), os.environ)
    given = {key: value for key, value in options.items() if value is not None}
    try:
        settings = FileSettings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(complaint_of(error, list(Settings.model_fields), SECRETS)) from error
    except (ValueError, OSError) as error:
        raise SettingsError(
            f"The settings file {source} cannot be read: {error}. It is TOML in UTF-8, without a byte order mark."
        ) from error
    settings._options = frozenset(given)
    return settings
