"""The Unified Worklist as a user (PS3.18 Section 11): workitems that are performed, and priorities that are raised."""

from triage_node.workitems.follower import Performing
from triage_node.workitems.input_studies import InputStudies
from triage_node.workitems.own_worklist import OwnWorklist
from triage_node.workitems.patience import ServerState
from triage_node.workitems.performer import Performer
from triage_node.workitems.prioritizer import Prioritizer
from triage_node.workitems.ups_server import UpsServer
from triage_node.workitems.workitem import Workitem

__all__ = [
    "InputStudies",
    "OwnWorklist",
    "Performer",
    "Performing",
    "Prioritizer",
    "ServerState",
    "UpsServer",
    "Workitem",
]
