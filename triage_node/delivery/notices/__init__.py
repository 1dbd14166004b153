"""Results told to people and programs that get no DICOM objects: one file a kind, a table by the scheme of the URL."""

from triage_node.delivery.notices.channel import Channel
from triage_node.delivery.notices.connection_test import connection_test
from triage_node.delivery.notices.notice_source import NoticeSource
from triage_node.delivery.notices.registry import CHANNELS, channel_of, check_files
from triage_node.delivery.notices.sender import NoticeSender

__all__ = [
    "CHANNELS",
    "Channel",
    "NoticeSender",
    "NoticeSource",
    "channel_of",
    "check_files",
    "connection_test",
]
