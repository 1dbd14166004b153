"""Telling of results where no DICOM objects are sent."""

from triage_node.delivery.notices.channel import Channel
from triage_node.delivery.notices.notice_source import NoticeSource
from triage_node.delivery.sender import Sent
from triage_node.worklist import Delivery


class NoticeSender:
    """Make a notice of each result, and tell it."""

    def __init__(self, source: NoticeSource, channel: Channel) -> None:
        self._source = source
        self._channel = channel

    def send(self, delivery: Delivery) -> Sent:
        """Tell of a result; nothing is stored there."""
        return Sent(self._channel.tell(self._source.notice(delivery)))

    def rest(self) -> None:
        """Let go of connections."""
        self._channel.rest()
