"""What is missing from a series: gaps, damaged files, slices that cannot be used."""

from triage_node.imaging.completeness.damage import damage_caution, damaged_beside, damaged_instances

__all__ = [
    "damage_caution",
    "damaged_beside",
    "damaged_instances",
]
