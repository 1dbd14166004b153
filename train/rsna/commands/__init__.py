"""`triage-node-train rsna …`: from the competition's files to a model the node serves."""
