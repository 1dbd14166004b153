"""Where reports go: a table in the settings, by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from triage_node.peer import Peer, TlsFiles
from triage_node.routing_rules import RoutedResult, Rule
from triage_node.settings_checks import is_loopback

TLS = frozenset(["tls_ca", "tls_certificate", "tls_key", "tls_server_name"])
COMMITMENT = frozenset(["commitment"])
CREDENTIALS = frozenset(["token_file", "user", "password_file"])
COMMON = frozenset(["url", "name", "rules"])


class Destination(BaseModel):
    """One that receives reports. What follows ``rules`` is for some kinds only (`KINDS`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        description="`dicom://CALLED_AE@HOST:PORT`, `dicoms://CALLED_AE@HOST:PORT` (over TLS), `https://…/studies` "
        "(STOW-RS), or `file:///FOLDER`"
    )
    name: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")] = Field(
        "", description="what events, pages and deliveries call it; default `AET@HOST:PORT`, or the address"
    )
    rules: tuple[Rule, ...] = Field((), description="a result goes there that meets all of one rule; without any, all")
    tls_ca: Path | None = Field(None, description="PEM file of the authorities that sign its certificate")
    tls_certificate: Path | None = Field(None, description="PEM file of the client certificate that is shown to it")
    tls_key: Path | None = Field(None, description="PEM file of that certificate's key, not encrypted")
    tls_server_name: str | None = Field(None, description="name in its certificate, when that is not the host's")
    commitment: bool = Field(
        False,
        description="ask it to commit itself to keep each report (Storage Commitment), and send again what it does not",
    )
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
        kind = KINDS.get(self.scheme)
        if kind is None:
            raise ValueError(f"{self.url!r} begins with none of {', '.join(f'{name}://' for name in KINDS)}")
        check, options = kind
        given = {name for name in self.model_fields_set if getattr(self, name) not in (None, (), False)}
        if wrong := sorted(given - COMMON - options):
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
    def folder(self) -> Path:
        """The folder, where it is one."""
        return Path(unquote(urlsplit(self.url).path))

    @property
    def tls(self) -> TlsFiles:
        """What a connection over TLS to it needs."""
        return TlsFiles(self.tls_ca, self.tls_certificate, self.tls_key, self.tls_server_name)

    def unmet(self, result: RoutedResult) -> list[list[str]]:
        """Return for each rule what a result does not meet of it; an empty list when the result goes there."""
        unmet = [rule.unmet(result) for rule in self.rules]
        return [] if [] in unmet else unmet

    def __str__(self) -> str:
        return self.name


def _peer(url: str) -> Peer:
    scheme, _, rest = url.partition("://")
    title, at, address = rest.rpartition("@")
    try:
        return Peer.parse(f"{unquote(title)}{at}{address}")
    except ValueError as error:
        raise ValueError(f"{url!r} is not of the form {scheme}://CALLED_AE@HOST:PORT") from error


def _check_dicom(destination: Destination, _: SplitResult) -> None:
    _peer(destination.url)


def _check_web(destination: Destination, url: SplitResult) -> None:
    if not url.hostname or not url.path.rstrip("/").endswith("/studies") or url.query or url.fragment:
        raise ValueError(f"{destination.url!r} is not of the form https://HOST/PATH/studies")
    if url.username is not None or url.password is not None:
        raise ValueError("credentials stand in files, not in the address: set user and password_file")
    if (destination.user is None) != (destination.password_file is None):
        raise ValueError("user and password_file belong together: set both or none")
    if destination.user is not None and destination.token_file is not None:
        raise ValueError("token_file and user exclude each other")
    if url.scheme == "http" and (destination.user or destination.token_file) and not is_loopback(url.hostname):
        raise ValueError("credentials are sent over https:// only")


def _check_folder(destination: Destination, url: SplitResult) -> None:
    if url.netloc or not url.path.startswith("/") or len(url.path) < 2 or url.query or url.fragment:
        raise ValueError(f"{destination.url!r} is not of the form file:///FOLDER")


KINDS: dict[str, tuple[Callable[[Destination, SplitResult], None], frozenset[str]]] = {
    "dicom": (_check_dicom, COMMITMENT),
    "dicoms": (_check_dicom, COMMITMENT | TLS),
    "https": (_check_web, TLS | CREDENTIALS),
    "http": (_check_web, CREDENTIALS),
    "file": (_check_folder, frozenset()),
}
"""How an address of each scheme is checked, and which options it has beside name and rules."""
