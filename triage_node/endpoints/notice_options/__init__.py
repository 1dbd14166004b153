"""What the settings may say of destinations that are told of results: their kinds, options and quiet hours."""

from triage_node.endpoints.notice_options.options import NOTICE_KINDS, NoticeOptions
from triage_node.endpoints.notice_options.quiet_hours import QuietHours

__all__ = ["NOTICE_KINDS", "NoticeOptions", "QuietHours"]
