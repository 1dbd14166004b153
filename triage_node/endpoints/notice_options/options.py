"""What a table of the settings may say of a destination that is told of results, and gets no DICOM objects."""

import re
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult

from pydantic import Field, field_validator, model_validator

from triage_node.endpoints.endpoint import CREDENTIALS, TLS, Endpoint, Kinds, check_credentials
from triage_node.endpoints.notice_options.quiet_hours import QuietHours
from triage_node.loopback import is_loopback

OF_NOTICES = frozenset(["patient_data", "quiet_hours", "quiet_hours_except_flagged", "escalate_after_minutes"])
OF_WEBHOOK = frozenset(["secret_file", "template"])
OF_HL7 = frozenset(
    [
        "hl7_version", "sending_application", "sending_facility", "receiving_application", "receiving_facility",
        "processing_id", "procedure_code", "priority_fields",
    ]
)  # fmt: skip
OF_MAIL = frozenset(["mail_from", "mail_to", "starttls", "template", "user", "password_file"])
TLS_OF_MAIL = TLS - {"tls_server_name"}
"""smtplib checks a certificate against the host that it calls, and no other name."""

NamePart = Annotated[str, Field(max_length=180, pattern=r"^[^\x00-\x1f\x7f]*$")]
Coded = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f^]+\^[^\x00-\x1f\x7f^]+\^[^\x00-\x1f\x7f^]+$")]


class NoticeOptions(Endpoint):
    """Options of destinations that are told of results."""

    patient_data: bool = Field(
        False, description="tell also name, ID, birth date and sex of the patient, accession number and description"
    )
    quiet_hours: str | None = Field(
        None, description="`HH:MM-HH:MM` in the node's time zone: what falls in them waits until they end"
    )
    quiet_hours_except_flagged: bool = Field(False, description="what is flagged goes also in quiet hours")
    escalate_after_minutes: float | None = Field(
        None, gt=0, le=1_000_000, description="it is told only when nobody has acknowledged the study for so long"
    )
    secret_file: Path | None = Field(
        None, description="file that holds the secret its messages are signed with, `whsec_` and base64"
    )
    template: Path | None = Field(None, description="file with the text of a notice (see docs/notifications.md)")
    mail_from: str = Field("", description="address of the sender")
    mail_to: tuple[str, ...] = Field((), description="addresses of those who are told")
    starttls: bool = Field(True, description="go over to TLS before anything is sent, or send nothing")
    hl7_version: Literal["2.5", "2.5.1"] = Field("2.5", description="MSH-12, `2.5` or `2.5.1`")
    sending_application: NamePart = Field("", description="MSH-3; default the AE title of the node")
    sending_facility: NamePart = Field("", description="MSH-4")
    receiving_application: NamePart = Field("", description="MSH-5")
    receiving_facility: NamePart = Field("", description="MSH-6")
    processing_id: Literal["P", "T", "D"] = Field("P", description="MSH-11: `P` production, `T` training, `D` test")
    procedure_code: Coded = Field("303653007^CT of head^SCT", description="OBR-4 as the RIS knows it, CODE^TEXT^SYSTEM")
    priority_fields: tuple[Literal["OBR-5", "OBR-27", "TQ1-9"], ...] = Field(
        ("OBR-27", "TQ1-9"), description="where the priority of what is flagged or uncertain is written"
    )

    @field_validator("quiet_hours")
    @classmethod
    def _hours(cls, value: str | None) -> str | None:
        return None if value is None else str(QuietHours.parse(value))

    @field_validator("mail_from", "mail_to")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        for one in (value,) if isinstance(value, str) else value:
            if one and not _is_address(one):
                raise ValueError(f"{one!r} is no mail address of the form NAME@DOMAIN")
        return value

    @model_validator(mode="after")
    def _quiet_hours_have_exceptions(self) -> Self:
        if self.quiet_hours_except_flagged and self.quiet_hours is None:
            raise ValueError("quiet_hours_except_flagged wants quiet_hours")
        return self

    @property
    def is_told(self) -> bool:
        """Whether it is told of results and gets no objects."""
        return self.scheme in NOTICE_KINDS

    @property
    def quiet(self) -> QuietHours | None:
        """Its quiet hours."""
        return None if self.quiet_hours is None else QuietHours.parse(self.quiet_hours)


def _check_webhook(endpoint: NoticeOptions, url: SplitResult) -> None:
    if not url.hostname or url.fragment:
        raise ValueError(f"{endpoint.url!r} is not of the form webhook+https://HOST/PATH")
    if endpoint.secret_file is None:
        raise ValueError("a webhook wants a secret_file, with which its messages are signed")
    check_credentials(endpoint, url)
    if endpoint.patient_data and url.scheme == "webhook+http" and not is_loopback(url.hostname):
        raise ValueError("patient_data is sent over webhook+https:// only")


def _check_mllp(endpoint: NoticeOptions, url: SplitResult) -> None:
    _check_host_and_port(endpoint, url, needs_port=True)
    if not endpoint.patient_data:
        raise ValueError(
            "an ORU^R01 without a patient can be filed under none: set patient_data = true, which sends name, ID and "
            "birth date, or use a webhook or e-mail"
        )


def _check_mail(endpoint: NoticeOptions, url: SplitResult) -> None:
    _check_host_and_port(endpoint, url, needs_port=False)
    if not endpoint.mail_from or not endpoint.mail_to:
        raise ValueError("e-mail wants mail_from and mail_to")
    if (endpoint.user is None) != (endpoint.password_file is None):
        raise ValueError("user and password_file belong together: set both or none")
    is_plain = url.scheme == "smtp" and not endpoint.starttls
    if is_plain and (endpoint.user or endpoint.patient_data) and not is_loopback(url.hostname or ""):
        raise ValueError("credentials and patient_data are sent over TLS only: leave starttls on, or use smtps://")


def _check_host_and_port(endpoint: NoticeOptions, url: SplitResult, *, needs_port: bool) -> None:
    form = f"{url.scheme}://HOST:PORT"
    try:
        port = url.port
    except ValueError as error:
        raise ValueError(f"{endpoint.url!r} is not of the form {form}") from error
    has_more = url.path.strip("/") or url.query or url.fragment or "@" in url.netloc
    if not url.hostname or has_more or port == 0 or (needs_port and port is None):
        raise ValueError(f"{endpoint.url!r} is not of the form {form}")


def _is_address(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or not re.fullmatch(r"\S+@[^\s@]+", text) or len(text) > 254:
        return False
    try:
        return Address(addr_spec=text).addr_spec == text
    except (ValueError, LookupError, MessageError):
        return False


NOTICE_KINDS: Kinds = {
    "webhook+https": (_check_webhook, OF_NOTICES | OF_WEBHOOK | TLS | CREDENTIALS),
    "webhook+http": (_check_webhook, OF_NOTICES | OF_WEBHOOK | CREDENTIALS),
    "mllp": (_check_mllp, OF_NOTICES | OF_HL7),
    "mllps": (_check_mllp, OF_NOTICES | OF_HL7 | TLS),
    "smtp": (_check_mail, OF_NOTICES | OF_MAIL | TLS_OF_MAIL),
    "smtps": (_check_mail, OF_NOTICES | OF_MAIL - {"starttls"} | TLS_OF_MAIL),
}
"""How an address of each scheme is checked, and which options it has beside name and rules."""
