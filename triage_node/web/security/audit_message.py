"""An access as a DICOM audit message (PS3.15 A.5, the XML schema of A.5.1, after RFC 3881)."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

from triage_node.identity import Access

SUCCESS, MINOR_FAILURE = "0", "4"
DCM, RFC3881 = "DCM", "RFC-3881"


@dataclass(frozen=True)
class Code:
    """A coded value, as the schema's attributes have it."""

    value: str
    system: str
    meaning: str


@dataclass(frozen=True)
class Kind:
    """An event: its id (PS3.16 CID 400), what was done (C, R, U, D or E), and its type (CID 401) if it has one."""

    event: Code
    action: str
    type: Code | None = None


INSTANCES_ACCESSED = Kind(Code("110103", DCM, "DICOM Instances Accessed"), "R")
INSTANCES_CHANGED = Kind(Code("110103", DCM, "DICOM Instances Accessed"), "U")
QUERY = Kind(Code("110112", DCM, "Query"), "E")
AUTHENTICATION = Code("110114", DCM, "User Authentication")
SIGNED_IN = Kind(AUTHENTICATION, "E", Code("110122", DCM, "Login"))
SIGNED_OUT = Kind(AUTHENTICATION, "E", Code("110123", DCM, "Logout"))
PASSWORD_CHANGED = Kind(
    Code("110113", DCM, "Security Alert"), "E", Code("110137", DCM, "User Security Attributes Changed")
)
OF_PEOPLE = {
    "signed_in": SIGNED_IN,
    "signed_out": SIGNED_OUT,
    **dict.fromkeys(
        (
            "password_changed",
            "user_added",
            "user_password_reset",
            "user_role_changed",
            "user_removed",
            "token_added",
            "token_removed",
        ),
        PASSWORD_CHANGED,
    ),
}


def audit_message(access: Access, source: str, patient_id: str = "") -> bytes:
    """Build the message.

    Parameters
    ----------
    access
        What was accessed by whom.
    source
        The node's name, the audit source (A.5.2).
    patient_id
        Patient ID of the study, as A.5.3.6 asks for it; a patient's name is never sent.

    Returns
    -------
    bytes
        XML in UTF-8.
    """
    kind = _kind(access)
    root = ElementTree.Element("AuditMessage")
    _event(root, kind, access)
    _person(root, access)
    _node(root, source)
    ElementTree.SubElement(
        ElementTree.SubElement(root, "AuditSourceIdentification", AuditSourceID=source),
        "AuditSourceTypeCode",
        # 4: an application server process (A.5.1.2.1).
        {"csd-code": "4"},
    )
    if access.study_instance_uid:
        _study(root, access)
        _object(root, patient_id or "unknown", "1", "1", Code("2", RFC3881, "Patient Number"))
    elif kind is QUERY:
        _query(root, access)
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _kind(access: Access) -> Kind:
    if access.action in OF_PEOPLE:
        return OF_PEOPLE[access.action]
    if not access.study_instance_uid:
        return QUERY
    return INSTANCES_ACCESSED if access.action.endswith(("_viewed", "_read", "_retrieved")) else INSTANCES_CHANGED


def _event(root: ElementTree.Element, kind: Kind, access: Access) -> None:
    event = ElementTree.SubElement(
        root,
        "EventIdentification",
        EventActionCode=kind.action,
        EventDateTime=datetime.fromtimestamp(access.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        EventOutcomeIndicator=SUCCESS if access.allowed else MINOR_FAILURE,
    )
    ElementTree.SubElement(event, "EventID", _attributes(kind.event))
    if kind.type is not None:
        ElementTree.SubElement(event, "EventTypeCode", _attributes(kind.type))


def _person(root: ElementTree.Element, access: Access) -> None:
    ElementTree.SubElement(
        root,
        "ActiveParticipant",
        UserID=_printable(access.user_name) or "unknown",
        UserIsRequestor="true",
        NetworkAccessPointID=access.address,
        # 1: a machine's name; 2: an IP address.
        NetworkAccessPointTypeCode="2" if access.address[:1].isdigit() or ":" in access.address else "1",
    )


def _node(root: ElementTree.Element, source: str) -> None:
    node = ElementTree.SubElement(root, "ActiveParticipant", UserID=source, UserIsRequestor="false")
    ElementTree.SubElement(node, "RoleIDCode", _attributes(Code("110150", DCM, "Application")))


def _study(root: ElementTree.Element, access: Access) -> None:
    uid = _printable(access.study_instance_uid)
    details: Sequence[tuple[str, str]] = [("action", access.action)]
    _object(root, uid, "2", "3", Code("110180", DCM, "Study Instance UID"), details=details)


def _query(root: ElementTree.Element, access: Access) -> None:
    text = f"{access.action}?{access.query}" if access.query else access.action
    _object(root, access.action, "2", "24", Code("10", RFC3881, "Search Criteria"), query=text)


def _object(
    root: ElementTree.Element,
    identifier: str,
    type_code: str,
    role: str,
    id_type: Code,
    *,
    query: str = "",
    details: Sequence[tuple[str, str]] = (),
) -> None:
    """Add a participating object; name or query, then details, in the order of the schema."""
    thing = ElementTree.SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=_printable(identifier),
        ParticipantObjectTypeCode=type_code,
        ParticipantObjectTypeCodeRole=role,
    )
    ElementTree.SubElement(thing, "ParticipantObjectIDTypeCode", _attributes(id_type))
    if query:
        ElementTree.SubElement(thing, "ParticipantObjectQuery").text = base64.b64encode(query.encode()).decode()
    else:
        # The schema wants a name or a query; a patient's name is not for the log.
        ElementTree.SubElement(thing, "ParticipantObjectName").text = "not given"
    for name, value in details:
        encoded = base64.b64encode(value.encode()).decode()
        ElementTree.SubElement(thing, "ParticipantObjectDetail", type=name, value=encoded)


def _attributes(code: Code) -> dict[str, str]:
    return {"csd-code": code.value, "codeSystemName": code.system, "originalText": code.meaning}


def _printable(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return "".join(character for character in text if character.isprintable())
