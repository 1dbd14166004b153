"""Where reports go: a table in the settings, by name."""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, field_validator

from triage_node.endpoints.endpoint import CREDENTIALS, TLS, Endpoint, Kinds, check_dicom_address, check_web_address
from triage_node.endpoints.notice_options import NOTICE_KINDS, NoticeOptions
from triage_node.endpoints.routing_rules import RoutedResult, Rule
from triage_node.outcome import ObjectKind

COMMITMENT = frozenset(["commitment"])
OBJECTS = frozenset(["objects", "report_style"])
COMMON = frozenset(["url", "name", "rules"])
OF_NOTICES_BY_DEFAULT = (Rule(decision=("flagged",)),)
"""Who is told of everything soon reads nothing any more."""


def _check_folder(destination: Endpoint, url: SplitResult) -> None:
    if url.netloc or not url.path.startswith("/") or len(url.path) < 2 or url.query or url.fragment:
        raise ValueError(f"{destination.url!r} is not of the form file:///FOLDER")


KINDS: Kinds = {
    "dicom": (check_dicom_address, OBJECTS | COMMITMENT),
    "dicoms": (check_dicom_address, OBJECTS | COMMITMENT | TLS),
    "https": (check_web_address, OBJECTS | TLS | CREDENTIALS),
    "http": (check_web_address, OBJECTS | CREDENTIALS),
    "file": (_check_folder, OBJECTS),
    **NOTICE_KINDS,
}
"""How an address of each scheme is checked, and which options it has beside name and rules."""


class ReportStyle(StrEnum):
    """How a report is laid out for the viewers of a destination."""

    TEXT = "text"
    """A notification to read: every viewer shows it."""
    MEASUREMENT = "measurement"
    """What has a finding is an Imaging Measurement Report, which leads a viewer to the slices."""


class Destination(NoticeOptions):
    """One that receives reports, or is told of results."""

    kinds: ClassVar[Kinds] = KINDS
    common: ClassVar[frozenset[str]] = COMMON

    url: str = Field(
        description="`dicom://CALLED_AE@HOST:PORT`, `dicoms://CALLED_AE@HOST:PORT` (over TLS), `https://…/studies` "
        "(STOW-RS), `file:///FOLDER`, `webhook+https://…`, `mllp://HOST:PORT` (HL7), `mllps://HOST:PORT`, "
        "`smtp://HOST:PORT` (e-mail) or `smtps://HOST:PORT`"
    )
    rules: tuple[Rule, ...] = Field(
        (), description="a result goes there that meets all of one rule; without any, all, of notices what is flagged"
    )
    commitment: bool = Field(
        False,
        description="ask it to commit itself to keep each report (Storage Commitment), and send again what it does not",
    )
    objects: tuple[ObjectKind, ...] = Field(
        (ObjectKind.REPORT,),
        min_length=1,
        description="which objects of a result are sent: `report`, `summary` (a page, as Secondary Capture), "
        "`key_objects` (Key Object Selection of the best slices), `pdf` (Encapsulated PDF)",
    )

    @field_validator("objects")
    @classmethod
    def _each_object_once(cls, value: tuple[ObjectKind, ...]) -> tuple[ObjectKind, ...]:
        """The order is always the same: first the report, which the others refer to."""
        return tuple(kind for kind in ObjectKind if kind in value)

    report_style: ReportStyle = Field(
        ReportStyle.TEXT,
        description="`text` is shown by every viewer; with `measurement` a report with a finding is titled *Imaging "
        "Measurement Report* and leads viewers that know it to the slice",
    )

    @property
    def folder(self) -> Path:
        """The folder, where it is one."""
        return Path(unquote(urlsplit(self.url).path))

    def unmet(self, result: RoutedResult) -> list[list[str]]:
        """Return for each rule what a result does not meet of it; an empty list when the result goes there."""
        rules = self.rules or (OF_NOTICES_BY_DEFAULT if self.is_told else ())
        unmet = [rule.unmet(result) for rule in rules]
        return [] if [] in unmet else unmet
