"""What DICOMweb finds: attributes, matching, workitems, stored instances."""

from triage_node.search.stored_instances import Holding

__all__ = [
    "Holding",
]
