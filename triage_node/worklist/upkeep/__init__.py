"""What is done by the clock: how it went, and what it does to the worklist."""
