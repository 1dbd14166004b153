"""The kinds of notice destinations, by the scheme of their URL."""

from collections.abc import Callable

from triage_node.delivery.notices.channel import Channel
from triage_node.delivery.notices.mail import Mail
from triage_node.delivery.notices.mllp import Mllp
from triage_node.delivery.notices.signature import read_secret
from triage_node.delivery.notices.text import NoticeText
from triage_node.delivery.notices.webhook import Webhook
from triage_node.endpoints import Destination
from triage_node.user_agent import Caller

CHANNELS: dict[str, Callable[[Destination, Caller], Channel]] = {
    "webhook+https": Webhook,
    "webhook+http": Webhook,
    "mllp": Mllp,
    "mllps": Mllp,
    "smtp": Mail,
    "smtps": Mail,
}


def channel_of(destination: Destination, caller: Caller) -> Channel:
    """Return what tells a destination of results; nothing is opened yet.

    Raises
    ------
    SettingsError
        The template of the destination cannot be used.
    """
    return CHANNELS[destination.scheme](destination, caller)


def check_files(destination: Destination) -> None:
    """Try template and secret of a destination, where it has them.

    Raises
    ------
    SettingsError
        One cannot be used.
    """
    NoticeText(destination.template, destination.patient_data)
    if destination.secret_file is not None:
        read_secret(destination.secret_file)
