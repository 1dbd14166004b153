"""From received instances to a volume in Hounsfield units: choose, judge, sort, decode, average."""

from triage_node.imaging.choice import Choice, choose
from triage_node.imaging.completeness.damage import damage_caution, damaged_beside, damaged_instances
from triage_node.imaging.eligibility import looks_like_head_ct
from triage_node.imaging.instance import Instance
from triage_node.imaging.judging import judge
from triage_node.imaging.policy import Policy
from triage_node.imaging.reading import read_volume
from triage_node.imaging.series import Scan, Series, Skipped, scan
from triage_node.imaging.volume import SourceSlice, Volume

__all__ = [
    "Choice",
    "Instance",
    "Policy",
    "Scan",
    "Series",
    "Skipped",
    "SourceSlice",
    "Volume",
    "choose",
    "damage_caution",
    "damaged_beside",
    "damaged_instances",
    "judge",
    "looks_like_head_ct",
    "read_volume",
    "scan",
]
