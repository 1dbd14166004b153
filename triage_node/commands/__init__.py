"""The commands of `triage-node`, one a file."""
