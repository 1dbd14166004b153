"""Why a series or study was not analyzed: one table of codes and sentences that views, reports and `--json` share."""

from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    """Stable codes; scripts and dashboards count on them."""

    NO_IMAGES = "no_images"
    NOT_CT = "not_ct"
    NOT_HEAD = "not_head"
    LOCALIZER = "localizer"
    DERIVED = "derived"
    NOT_AXIAL = "not_axial"
    MIXED_ORIENTATION = "mixed_orientation"
    MIXED_ACQUISITIONS = "mixed_acquisitions"
    MIXED_PATIENT = "mixed_patient"
    TOO_FEW_SLICES = "too_few_slices"
    SHORT_COVERAGE = "short_coverage"
    SLICE_THICKNESS = "slice_thickness"
    CONTRAST = "contrast"
    NO_POSITIONS = "no_positions"
    NO_RESCALE = "no_rescale"
    PRIOR_STUDY = "prior_study"
    PEDIATRIC = "pediatric"
    UNSUPPORTED_PIXELS = "unsupported_pixels"
    UNREADABLE = "unreadable"
    SLICES_MISSING = "slices_missing"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    FIELD_OF_VIEW = "field_of_view"
    SKULL_DEFECT = "skull_defect"
    BRAIN_INCOMPLETE = "brain_incomplete"
    HEAD_TURNED = "head_turned"
    ANALYSIS_FAILED = "analysis_failed"


SENTENCES: dict[ReasonCode, str] = {
    ReasonCode.NO_IMAGES: "The study has no image series.",
    ReasonCode.NOT_CT: "The series is not CT.",
    ReasonCode.NOT_HEAD: "The series does not show a head.",
    ReasonCode.LOCALIZER: "The series is a localizer.",
    ReasonCode.DERIVED: "The series is derived or secondary, not original primary images.",
    ReasonCode.NOT_AXIAL: "The slices are more than 30 degrees off the axial plane.",
    ReasonCode.MIXED_ORIENTATION: "The slices do not share one orientation.",
    ReasonCode.MIXED_ACQUISITIONS: "The series mixes acquisitions that do not form one stack.",
    ReasonCode.MIXED_PATIENT: "The instances name more than one patient.",
    ReasonCode.TOO_FEW_SLICES: "The series has fewer than 10 slices.",
    ReasonCode.SHORT_COVERAGE: "The slices cover less than 100 mm of the head.",
    ReasonCode.SLICE_THICKNESS: "The slice thickness is outside 0.5 to 10 mm.",
    ReasonCode.CONTRAST: "The series was acquired with contrast.",
    ReasonCode.NO_POSITIONS: "The slices have no usable position in space.",
    ReasonCode.NO_RESCALE: "The pixel values cannot be turned into Hounsfield units.",
    ReasonCode.PRIOR_STUDY: "The study is older than the age limit for triage.",
    ReasonCode.PEDIATRIC: "The patient is younger than the model was made for.",
    ReasonCode.UNSUPPORTED_PIXELS: "The pixel data is in a form the node cannot decode.",
    ReasonCode.UNREADABLE: "The pixel data is damaged or incomplete.",
    ReasonCode.SLICES_MISSING: "Slices of the head are missing.",
    ReasonCode.OUT_OF_DISTRIBUTION: "The images are unlike those the model was made for.",
    ReasonCode.FIELD_OF_VIEW: "The field of view cuts through the skull.",
    ReasonCode.SKULL_DEFECT: "A part of the skull is missing.",
    ReasonCode.BRAIN_INCOMPLETE: "The inside of the skull was not found as a whole.",
    ReasonCode.HEAD_TURNED: "The head is turned too far in the images.",
    ReasonCode.ANALYSIS_FAILED: "The analysis stopped with an error.",
}

SHORT_WORDS: dict[ReasonCode, str] = {ReasonCode.OUT_OF_DISTRIBUTION: "unlike the training images"}
"""What stands beside an answer that is less certain for a reason; a code without an entry is its own words."""


def short_words(code: str) -> str:
    """Return the few words of a reason, also of one that this version does not know."""
    return {str(known): words for known, words in SHORT_WORDS.items()}.get(code, code.replace("_", " "))


@dataclass(frozen=True)
class Reason:
    """A code and its sentence, the sentence with what was measured where that helps."""

    code: ReasonCode
    message: str

    @classmethod
    def of(cls, code: ReasonCode, detail: str = "") -> "Reason":
        """Return the table's sentence for a code, followed by a detail that holds no patient data."""
        return cls(code, f"{SENTENCES[code]} {detail}".strip())
