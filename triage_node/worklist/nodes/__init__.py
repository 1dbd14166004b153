"""Whose worklist it is: the data folder it belongs to, the nodes that share it, and what one of them does at a time."""
