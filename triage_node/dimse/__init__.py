"""The DICOM upper layer and DIMSE services, both halves: the listener (SCP) and the requestor (SCU)."""

from triage_node.dimse.listener import Listener
from triage_node.dimse.scu import Sent, echo, store_files, store_first_accepted

__all__ = [
    "Listener",
    "Sent",
    "echo",
    "store_files",
    "store_first_accepted",
]
