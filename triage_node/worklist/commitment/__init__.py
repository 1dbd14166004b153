"""Storage commitments: those that others asked of us, and those that we ask of destinations."""
