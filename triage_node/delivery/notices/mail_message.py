"""A notice as an e-mail (RFC 5322): text, and the same as HTML."""

import html
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from triage_node.delivery.notices.notice import Notice
from triage_node.delivery.notices.text import headline
from triage_node.endpoints import Destination

POLICY = SMTP.clone(cte_type="7bit")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font-family: sans-serif">
<pre style="font-family: inherit; white-space: pre-wrap">{text}</pre></body></html>
"""


def mail_message(notice: Notice, text: str, destination: Destination) -> bytes:
    """Return the message, the same bytes whenever the notice is told.

    Its header names no patient: subjects are shown on locked screens and kept in logs.

    Parameters
    ----------
    text
        The notice in words.
    """
    message = EmailMessage(POLICY)
    domain = destination.mail_from.rpartition("@")[2]
    subject = f"[{notice.node}] {headline(notice)}"
    message["From"] = Address(display_name=f"triage-node {notice.node}", addr_spec=destination.mail_from)
    message["To"] = [Address(addr_spec=one) for one in destination.mail_to]
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(notice.created_at).astimezone())
    message["Message-ID"] = f"<{notice.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody answers that he is on holiday
    if notice.is_urgent:
        message["Importance"] = "high"
    message.set_content(text, charset="utf-8")
    message.add_alternative(_page(subject, text, notice.link), subtype="html", charset="utf-8")
    # The boundary is chosen anew for each message otherwise.
    message.set_boundary(f"=_{notice.id}")
    return message.as_bytes()


def _page(subject: str, text: str, link: str) -> str:
    shown = html.escape(text)
    if link:
        address = html.escape(link)
        shown = shown.replace(address, f'<a href="{address}">{address}</a>')
    return PAGE.format(subject=html.escape(subject), text=shown)
