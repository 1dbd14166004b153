"""One slice as its header describes it: a single-frame instance, or one frame of an Enhanced CT instance."""

from dataclasses import dataclass, field

from pydicom import Dataset

from triage_node.errors import UnsuitableSeries
from triage_node.imaging.header import item, items, number, numbers, text, texts, whole
from triage_node.imaging.instance import Instance
from triage_node.reasons import Reason, ReasonCode

MOST_FRAMES = 4096
_PIXEL_SPACING_MM = (0.05, 10.0)
_LARGEST_POSITION_MM = 1e5
_LARGEST_SLOPE = 1e3
_LARGEST_INTERCEPT = 1e5


@dataclass(frozen=True)
class Frame:
    """What choosing, ordering and rescaling need of a slice; None stands for missing or unusable.

    Attributes
    ----------
    instance, number
        Where the slice lies; `number` is the 1-based frame, None in a single-frame instance.
    image_type
        ImageType or FrameType values, upper case.
    position_mm, orientation
        ImagePositionPatient and ImageOrientationPatient (PS3.3 C.7.6.2), LPS coordinates.
    spacing_mm
        ``(row, column)`` spacing, PixelSpacing (PS3.3 10.7.1).
    rescale
        ``(slope, intercept)`` to Hounsfield units (PS3.3 C.8.2.1, C.7.6.16.2.9).
    distance_mm
        SpacingBetweenSlices, from center to center (PS3.3 C.7.6.16.2.1).
    """

    instance: Instance = field(repr=False)
    number: int | None
    image_type: tuple[str, ...]
    position_mm: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing_mm: tuple[float, ...] | None
    thickness_mm: float | None
    rescale: tuple[float, float] | None
    shape: tuple[int, int]
    acquisition: str
    kernel: str
    distance_mm: float | None = None

    @property
    def name(self) -> str:
        """What a reader calls the slice: ``frame 3``, or by Instance Number ``image 3``; "" without a number."""
        if self.number is not None:
            return f"frame {self.number}"
        number = whole(self.instance.header, "InstanceNumber")
        return "" if number is None else f"image {number}"


def frames_of(instance: Instance) -> tuple[Frame, ...]:
    """Return the slices of an instance, none when it holds no image.

    Raises
    ------
    UnsuitableSeries
        The number of frames is absurd or not that of the functional groups (PS3.3 C.7.6.16).
    """
    header = instance.header
    shape = whole(header, "Rows") or 0, whole(header, "Columns") or 0
    if min(shape) <= 0:
        return ()
    per_frame = items(header, "PerFrameFunctionalGroupsSequence")
    count = whole(header, "NumberOfFrames") or 1
    if not per_frame and count == 1:
        return (_single(instance, shape),)
    if not 1 <= count <= MOST_FRAMES or len(per_frame) != count:
        detail = f"It names {count} frames and describes {len(per_frame)}."
        raise UnsuitableSeries(Reason.of(ReasonCode.UNSUPPORTED_PIXELS, detail))
    shared = item(header, "SharedFunctionalGroupsSequence")
    return tuple(_one_of_many(instance, shape, index, groups, shared) for index, groups in enumerate(per_frame, 1))


def _single(instance: Instance, shape: tuple[int, int]) -> Frame:
    header = instance.header
    return Frame(
        instance=instance,
        number=None,
        image_type=_upper(texts(header, "ImageType")),
        position_mm=_position(header),
        orientation=numbers(header, "ImageOrientationPatient", 6),
        spacing_mm=_spacing(header) or _spacing_of_field_of_view(header, shape),
        thickness_mm=number(header, "SliceThickness"),
        rescale=_rescale(header),
        shape=shape,
        acquisition=text(header, "AcquisitionNumber"),
        kernel="\\".join(texts(header, "ConvolutionKernel")),
        distance_mm=number(header, "SpacingBetweenSlices"),
    )


def _one_of_many(instance: Instance, shape: tuple[int, int], index: int, own: Dataset, shared: Dataset) -> Frame:
    def group(keyword: str) -> Dataset:
        return item(own if keyword in own else shared, keyword)

    frame_type = texts(group("CTImageFrameTypeSequence"), "FrameType") or texts(instance.header, "ImageType")
    measures = group("PixelMeasuresSequence")
    return Frame(
        instance=instance,
        number=index,
        image_type=_upper(frame_type),
        position_mm=_position(group("PlanePositionSequence")),
        orientation=numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient", 6),
        spacing_mm=_spacing(measures),
        thickness_mm=number(measures, "SliceThickness"),
        rescale=_rescale(group("PixelValueTransformationSequence")),
        shape=shape,
        acquisition=text(group("FrameContentSequence"), "FrameAcquisitionNumber"),
        kernel="\\".join(texts(group("CTReconstructionSequence"), "ConvolutionKernel")),
        distance_mm=number(measures, "SpacingBetweenSlices"),
    )


def _upper(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.upper() for value in values)


def _position(header: Dataset) -> tuple[float, ...] | None:
    position = numbers(header, "ImagePositionPatient", 3)
    return position if position and max(map(abs, position)) <= _LARGEST_POSITION_MM else None


def _spacing(header: Dataset) -> tuple[float, ...] | None:
    spacing = numbers(header, "PixelSpacing", 2)
    low, high = _PIXEL_SPACING_MM
    return spacing if spacing and all(low <= value <= high for value in spacing) else None


def _spacing_of_field_of_view(header: Dataset, shape: tuple[int, int]) -> tuple[float, ...] | None:
    diameter = number(header, "ReconstructionDiameter") or 0.0
    return (diameter / shape[1],) * 2 if 50 <= diameter <= 1000 and shape[0] == shape[1] else None


def _rescale(header: Dataset) -> tuple[float, float] | None:
    slope, intercept = number(header, "RescaleSlope"), number(header, "RescaleIntercept")
    # US, "unspecified", is what converters write for plain Hounsfield units (PS3.3 C.11.1.1.2).
    if slope is None or intercept is None or text(header, "RescaleType").upper() not in ("", "HU", "US"):
        return None
    usable = 0 < abs(slope) <= _LARGEST_SLOPE and abs(intercept) <= _LARGEST_INTERCEPT
    return (slope, intercept) if usable else None
