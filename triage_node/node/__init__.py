"""The composition root: what each role of a node is made of, and the process that has some of them."""

from triage_node.node.node import Node

__all__ = ["Node"]
