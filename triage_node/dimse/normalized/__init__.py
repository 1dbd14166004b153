"""Services of normalized objects (DIMSE-N): how they are handed in and answered, and storage commitment."""
