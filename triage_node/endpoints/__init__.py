"""Other systems as the settings name them: where results go, where studies are asked for, whose workitems are done."""

from triage_node.endpoints.destinations import Destination, ReportStyle
from triage_node.endpoints.endpoint import CREDENTIALS, TLS, Endpoint
from triage_node.endpoints.notice_options import NOTICE_KINDS, NoticeOptions, QuietHours
from triage_node.endpoints.peer import Peer, TlsFiles
from triage_node.endpoints.routing_rules import NOT_ANALYZED, RoutedResult, Rule
from triage_node.endpoints.sources import QuerySource
from triage_node.endpoints.workitem_servers import WorkitemServer, has_code

__all__ = [
    "CREDENTIALS",
    "NOTICE_KINDS",
    "NOT_ANALYZED",
    "TLS",
    "Destination",
    "Endpoint",
    "NoticeOptions",
    "Peer",
    "QuerySource",
    "QuietHours",
    "ReportStyle",
    "RoutedResult",
    "Rule",
    "TlsFiles",
    "WorkitemServer",
    "has_code",
]
