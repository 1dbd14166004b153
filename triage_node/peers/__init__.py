"""How the node calls other systems, with errors told apart as permanent or transient."""

from triage_node.peers.dimse import Sent, echo, store_files, store_first_accepted

__all__ = ["Sent", "echo", "store_files", "store_first_accepted"]
