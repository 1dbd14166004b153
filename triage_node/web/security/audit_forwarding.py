"""Accesses on their way to a syslog server as DICOM audit messages (PS3.15 A.5 to A.7)."""

from collections.abc import Callable

from triage_node.config import Settings
from triage_node.errors import StudyNotFound
from triage_node.identity import Access
from triage_node.web.security.audit_message import audit_message
from triage_node.web.security.syslog import Syslog
from triage_node.worklist import Worklist


def forwarder(settings: Settings, worklist: Worklist) -> Callable[[Access], None] | None:
    """Return what sends an access to the syslog server of the settings, None when there is none.

    Raises
    ------
    SettingsError
        The server's address or authority cannot be used.
    """
    if settings.audit_syslog is None:
        return None
    syslog = Syslog(settings.audit_syslog, settings.audit_syslog_ca, settings.connect_timeout_seconds)

    def forward(access: Access) -> None:
        patient_id = _patient_id(worklist, access.study_instance_uid)
        syslog.send(audit_message(access, settings.node_name, patient_id), access.at)

    return forward


def _patient_id(worklist: Worklist, study_instance_uid: str) -> str:
    if not study_instance_uid:
        return ""
    try:
        return worklist.study_details.study(study_instance_uid).patient_id
    except StudyNotFound:
        return ""
