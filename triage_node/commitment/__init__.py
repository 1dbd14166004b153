"""Storage commitment: what we are asked to keep, and what we ask destinations to keep (PS3.4 Annex J)."""

from triage_node.commitment.answers import Answers
from triage_node.commitment.messenger import Messenger
from triage_node.commitment.peers import RequestorPeers
from triage_node.commitment.requester import Requester
from triage_node.commitment.results import Results
from triage_node.commitment.service import CommitmentService

__all__ = [
    "Answers",
    "CommitmentService",
    "Messenger",
    "Requester",
    "RequestorPeers",
    "Results",
]
