"""The commands of `triage-node-train`, one a file; heavy imports wait until a command runs."""
