"""From received instances to a volume in Hounsfield units: select, judge, stack, decode, average."""

from triage_node.imaging.comparison.difference import Difference, difference
from triage_node.imaging.completeness import damage_caution, damaged_beside, damaged_instances
from triage_node.imaging.completeness.gaps import Gap, gaps_sentence
from triage_node.imaging.completeness.loss import Loss, loss_caution
from triage_node.imaging.completeness.usable import usable_stack
from triage_node.imaging.eligibility import looks_like_head_ct
from triage_node.imaging.frame import Frame, frames_of
from triage_node.imaging.header import item, text, texts, whole
from triage_node.imaging.instance import Instance
from triage_node.imaging.orientation import Reorientation
from triage_node.imaging.part10 import parse_header, read_everything, read_header_and_end, read_intact
from triage_node.imaging.patient import names_several_patients
from triage_node.imaging.pixel_data.codestream_texts import without_texts
from triage_node.imaging.pixel_data.frame_bytes import compressed_frames, frame_count, little_endian_frames
from triage_node.imaging.pixel_data.pixel_format import JPEG, JPEG_2000, JPEG_LS, NATIVE, RLE
from triage_node.imaging.pixel_data.pixels import stored_values
from triage_node.imaging.pixel_data.transcoding import explicit_little_endian
from triage_node.imaging.policy import Policy
from triage_node.imaging.reading import read_volume
from triage_node.imaging.rendering import FUNCTIONS, MEDIA_TYPES, Viewport, Window, encoded, rendered
from triage_node.imaging.representations.dicom_json import BINARY, Item, data_set, header_as_json, text_of, values_of
from triage_node.imaging.representations.native_model import native_model
from triage_node.imaging.rescale import hounsfield, is_wrapped
from triage_node.imaging.series import Scan, Series, Skipped, scan
from triage_node.imaging.series_selection import SeriesSelection, select_series
from triage_node.imaging.stack import cosines, headward, height_mm
from triage_node.imaging.suitability import Figures, figures_of, suitability_reasons
from triage_node.imaging.volume import SourceSlice, Volume
from triage_node.imaging.wording.contrast import contrast_words

__all__ = [
    "BINARY",
    "FUNCTIONS",
    "JPEG",
    "JPEG_2000",
    "JPEG_LS",
    "MEDIA_TYPES",
    "NATIVE",
    "RLE",
    "Difference",
    "Figures",
    "Frame",
    "Gap",
    "Instance",
    "Item",
    "Loss",
    "Policy",
    "Reorientation",
    "Scan",
    "Series",
    "SeriesSelection",
    "Skipped",
    "SourceSlice",
    "Viewport",
    "Volume",
    "Window",
    "compressed_frames",
    "contrast_words",
    "cosines",
    "damage_caution",
    "damaged_beside",
    "damaged_instances",
    "data_set",
    "difference",
    "encoded",
    "explicit_little_endian",
    "figures_of",
    "frame_count",
    "frames_of",
    "gaps_sentence",
    "header_as_json",
    "headward",
    "height_mm",
    "hounsfield",
    "is_wrapped",
    "item",
    "little_endian_frames",
    "looks_like_head_ct",
    "loss_caution",
    "names_several_patients",
    "native_model",
    "parse_header",
    "read_everything",
    "read_header_and_end",
    "read_intact",
    "read_volume",
    "rendered",
    "scan",
    "select_series",
    "stored_values",
    "suitability_reasons",
    "text",
    "text_of",
    "texts",
    "usable_stack",
    "values_of",
    "whole",
    "without_texts",
]
