"""Where instances come in: the DIMSE listener, the one door, and the registrar that gives each its place and row."""

from triage_node.intake.door import Door, Sender
from triage_node.intake.header import Header
from triage_node.intake.listener import Listener
from triage_node.intake.rebuild import rebuild_worklist
from triage_node.intake.registrar import Registrar

__all__ = ["Door", "Header", "Listener", "Registrar", "Sender", "rebuild_worklist"]
