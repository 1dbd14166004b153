"""Workitems of the Unified Worklist: pushed to the node, performed by it, and those whose priority is raised."""
