"""What sends to each kind of destination."""

from collections.abc import Mapping

from triage_node.delivery.notices import NoticeSender, NoticeSource, channel_of, connection_test
from triage_node.delivery.objects import ObjectSender
from triage_node.delivery.sender import Sender
from triage_node.delivery.targets import target_of
from triage_node.endpoints import Destination
from triage_node.findings import FindingCode, Label
from triage_node.storage import Spool
from triage_node.user_agent import Caller


def sender_of(
    destination: Destination, caller: Caller, spool: Spool, finding_codes: Mapping[Label, FindingCode] | None = None
) -> Sender:
    """Return what sends to a destination; nothing is opened yet.

    Parameters
    ----------
    finding_codes
        Codes of findings in notices that the site sets instead of ours.

    Raises
    ------
    SettingsError
        The template of a destination that is told of results cannot be used.
    """
    if destination.is_told:
        source = NoticeSource(destination, caller, spool, finding_codes or {})
        return NoticeSender(source, channel_of(destination, caller))
    return ObjectSender(target_of(destination, caller), spool, destination.objects, destination.report_style)


def check_destination(destination: Destination, caller: Caller) -> str:
    """Try the way to a destination without sending anything of a study; return what it does.

    Raises
    ------
    PeerError
        Nothing can be sent there.
    SettingsError
        A file that is needed cannot be used.
    """
    way = channel_of(destination, caller) if destination.is_told else target_of(destination, caller)
    return way.check()


def tell_test(destination: Destination, caller: Caller, now: float) -> str:
    """Tell a destination of a study that nobody has; return what is to be said of it.

    Raises
    ------
    PeerError
        It does not take it.
    SettingsError
        A file that is needed cannot be used.
    """
    channel = channel_of(destination, caller)
    try:
        return channel.tell(connection_test(destination, caller, now))
    finally:
        channel.rest()
