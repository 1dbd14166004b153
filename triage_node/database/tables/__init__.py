"""The tables of the worklist, a file a subject."""
