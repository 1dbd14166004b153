"""Another system as a table of the settings names it: address, TLS, credentials."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from triage_node.endpoints.peer import Peer, TlsFiles
from triage_node.loopback import is_loopback

TLS = frozenset(["tls_ca", "tls_certificate", "tls_key", "tls_server_name"])
CREDENTIALS = frozenset(["token_file", "user", "password_file"])

Kinds = Mapping[str, tuple[Callable[[Any, SplitResult], None], frozenset[str]]]
"""How an address of each scheme is checked, and which options it has beside those of all."""


class Endpoint(BaseModel):
    """One that the node calls. What follows ``name`` is for some kinds only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: ClassVar[Kinds] = {}
    common: ClassVar[frozenset[str]] = frozenset(["url", "name"])

    url: str
    name: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")] = Field(
        "", description="what events, pages and commands call it; default `AET@HOST:PORT`, or the address"
    )
    tls_ca: Path | None = Field(None, description="PEM file of the authorities that sign its certificate")
    tls_certificate: Path | None = Field(None, description="PEM file of the client certificate that is shown to it")
    tls_key: Path | None = Field(None, description="PEM file of that certificate's key, not encrypted")
    tls_server_name: str | None = Field(None, description="name in its certificate, when that is not the host's")
    token_file: Path | None = Field(None, description="file that holds a bearer token; read at each use")
    user: str | None = Field(None, description="name for basic authentication")
    password_file: Path | None = Field(None, description="file that holds its password; read at each use")

    @staticmethod
    def written(text: str) -> dict[str, str]:
        """Return the table that a text stands for: ``AET@HOST:PORT``, or an address with its scheme.

        Raises
        ------
        ValueError
            The text has another form.
        """
        text = text.strip()
        if "://" in text:
            return {"url": text}
        peer = Peer.parse(text)
        address = str(peer).removeprefix(peer.ae_title)
        return {"url": f"dicom://{quote(peer.ae_title)}{address}", "name": str(peer)}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one that is written as a text.

        Raises
        ------
        ValueError
            The text has another form.
        """
        return cls.model_validate(cls.written(text))

    @model_validator(mode="before")
    @classmethod
    def _named(cls, table: Any) -> Any:
        if isinstance(table, dict) and isinstance(url := table.get("url"), str) and not table.get("name"):
            return table | {"name": str(_peer(url)) if urlsplit(url).scheme in ("dicom", "dicoms") else url}
        return table

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        kind = self.kinds.get(self.scheme)
        if kind is None:
            raise ValueError(f"{self.url!r} begins with none of {', '.join(f'{name}://' for name in self.kinds)}")
        check, options = kind
        # Settings that travel as JSON name every option, also those that are as they are by default.
        fields = type(self).model_fields
        given = {name for name in self.model_fields_set if getattr(self, name) != fields[name].default}
        if wrong := sorted(given - self.common - options):
            raise ValueError(f"{self.scheme}:// has no {wrong[0]}")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together: set both or none")
        check(self, urlsplit(self.url))
        return self

    @property
    def scheme(self) -> str:
        """The kind."""
        return urlsplit(self.url).scheme

    @property
    def peer(self) -> Peer:
        """The DICOM application entity, where it is one."""
        called = _peer(self.url)
        return Peer(called.ae_title, called.host, called.port, self.tls if self.scheme == "dicoms" else None)

    @property
    def speaks_tls(self) -> bool:
        """Whether TLS is spoken to it."""
        return "tls_ca" in self.kinds[self.scheme][1]

    @property
    def tls(self) -> TlsFiles:
        """What a connection over TLS to it needs."""
        return TlsFiles(self.tls_ca, self.tls_certificate, self.tls_key, self.tls_server_name)

    def __str__(self) -> str:
        return self.name


def check_dicom_address(endpoint: Endpoint, _: SplitResult) -> None:
    """Refuse an address that names no application entity."""
    _peer(endpoint.url)


def check_web_address(endpoint: Endpoint, url: SplitResult) -> None:
    """Refuse an address that is not the studies' of a DICOMweb server, and credentials that would be seen."""
    check_web_resource(endpoint, url, "studies")


def check_web_resource(endpoint: Endpoint, url: SplitResult, resource: str) -> None:
    """Refuse an address that is not a resource's of a DICOMweb server, and credentials that would be seen."""
    if not url.hostname or not url.path.rstrip("/").endswith(f"/{resource}") or url.query or url.fragment:
        raise ValueError(f"{endpoint.url!r} is not of the form https://HOST/PATH/{resource}")
    check_credentials(endpoint, url)


def check_credentials(endpoint: Endpoint, url: SplitResult) -> None:
    """Refuse credentials of a web server that contradict one another, or would be seen."""
    if url.username is not None or url.password is not None:
        raise ValueError("credentials stand in files, not in the address: set user and password_file")
    if (endpoint.user is None) != (endpoint.password_file is None):
        raise ValueError("user and password_file belong together: set both or none")
    if endpoint.user is not None and endpoint.token_file is not None:
        raise ValueError("token_file and user exclude each other")
    is_plain = url.scheme.endswith("http")
    if is_plain and (endpoint.user or endpoint.token_file) and not is_loopback(url.hostname or ""):
        raise ValueError("credentials are sent over https:// only")


def _peer(url: str) -> Peer:
    scheme, _, rest = url.partition("://")
    title, at, address = rest.rpartition("@")
    try:
        return Peer.parse(f"{unquote(title)}{at}{address}")
    except ValueError as error:
        raise ValueError(f"{url!r} is not of the form {scheme}://CALLED_AE@HOST:PORT") from error
