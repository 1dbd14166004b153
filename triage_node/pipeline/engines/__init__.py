"""What runs the workers of a node: programs that its supervisor starts.

Each is told the settings on its standard input, tells on its standard output how it is, and ends when the node does
(`NodePipe`); its workers claim under its own name.
"""

from triage_node.pipeline.engines.engine import ENGINES, Engine

__all__ = ["ENGINES", "Engine"]
