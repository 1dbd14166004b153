"""The inside of the skull: its bone, its axis, its openings, and whether all of it is shown."""
