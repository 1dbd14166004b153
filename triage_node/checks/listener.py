"""Who may send."""

from triage_node.allowed_peers import ANYONE
from triage_node.checks.result import Result, ok, warning
from triage_node.config import Settings
from triage_node.loopback import is_loopback


def check_listener(settings: Settings) -> Result:
    """Look whether the listener is open to everybody; without any list the settings refuse that."""
    ports = " and ".join(settings.dicom_ports)
    what = f"AE title {settings.ae_title}, {settings.dicom_host}, port {ports}"
    is_open = any(one.ae_title.strip() == ANYONE and not one.networks for one in settings.senders)
    if is_open and not is_loopback(settings.dicom_host):
        return warning(
            "settings", f"{what}: everybody may send; name who may in allowed_peers, as AET@NETWORK (docs/senders.md)."
        )
    return ok("settings", what)
