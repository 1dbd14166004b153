"""How the node calls web servers, and who it says it is; every answer bounded in size and time."""

from triage_node.user_agent.caller import Caller
from triage_node.user_agent.http import HttpCaller, HttpResponse

__all__ = [
    "Caller",
    "HttpCaller",
    "HttpResponse",
]
