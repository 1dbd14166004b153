"""A frame as a picture for the eye: window, inversion, part and size (PS3.3 C.11.2.1, PS3.18 8.3.5)."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset

from triage_node.errors import InvalidInstance, UnsuitableSeries
from triage_node.imaging.frame import Frame, frames_of
from triage_node.imaging.header import items, number, text, whole
from triage_node.imaging.instance import Instance
from triage_node.imaging.pixel_data.frame_bytes import little_endian_frames
from triage_node.imaging.pixel_data.pixel_format import NATIVE
from triage_node.imaging.pixel_data.pixels import stored_values
from triage_node.imaging.rescale import hounsfield

MEDIA_TYPES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif"}
FUNCTIONS = ("linear", "linear-exact", "sigmoid")


@dataclass(frozen=True)
class Window:
    """Center and width in the units of the image, in a CT HU, and the shape (PS3.3 C.11.2.1.2, C.11.2.1.3)."""

    center: float
    width: float
    function: str = "linear"

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return ``uint8`` of the same shape."""
        if self.function == "sigmoid":
            gray = 1 / (1 + np.exp(np.clip(-4 * (values - self.center) / self.width, -80, 80)))
        elif self.function == "linear" and self.width > 1:
            gray = (values - (self.center - 0.5)) / (self.width - 1) + 0.5
        else:
            gray = (values - self.center) / self.width + 0.5
        return np.rint(np.clip(gray, 0, 1) * 255).astype(np.uint8)


BRAIN = Window(40, 80)
Region = tuple[float | None, float | None, float | None, float | None]


@dataclass(frozen=True)
class Viewport:
    """Columns and rows that the picture must fit into, and the part of the image it shows, None for all of it.

    Attributes
    ----------
    region
        ``(left, top, width, height)`` in pixels of the image; a negative width or height mirrors, and None is the
        edge of the image, or its size.
    """

    columns: int
    rows: int
    region: Region | None = None

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Cut, mirror and scale ``(rows, columns, …) uint8``; the shape of the part is kept.

        Raises
        ------
        InvalidInstance
            The part lies outside the image.
        """
        import cv2

        shown = pixels if self.region is None else _cut(pixels, self.region)
        rows, columns = shown.shape[:2]
        scale = min(self.columns / columns, self.rows / rows)
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        return cv2.resize(shown, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def rendered(
    path: Path, numbers: Sequence[int] = (1,), window: Window | None = None, viewport: Viewport | None = None
) -> Iterator[np.ndarray]:
    """Yield frames as pictures; the file is read once.

    Without a window it is that of the header, else the brain's in a CT, else what holds all values.

    Yields
    ------
    np.ndarray
        ``(rows, columns) uint8``, or ``(rows, columns, 3)`` RGB.

    Raises
    ------
    InvalidInstance, UnsuitableSeries
        The image cannot be decoded, or the viewport shows nothing of it.
    """
    instance = Instance.read(path)
    is_color = whole(instance.header, "SamplesPerPixel") == 3
    for pixels in _color(instance, numbers) if is_color else _gray(instance, numbers, window):
        yield pixels if viewport is None else viewport.apply(pixels)


def encoded(pixels: np.ndarray, media_type: str, quality: int = 90) -> bytes:
    """Return a picture as a file of one of `MEDIA_TYPES`; quality is that of JPEG, from 1 to 100."""
    import cv2

    if media_type == "image/gif":
        return _gif(pixels)
    ordered = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if media_type == "image/jpeg" else []
    done, data = cv2.imencode(MEDIA_TYPES[media_type], np.ascontiguousarray(ordered), options)
    if not done:
        raise InvalidInstance("The picture cannot be encoded.")
    return bytes(data)


def _gif(pixels: np.ndarray) -> bytes:
    """Return a picture of 256 grays, or as many colors; OpenCV would dither the grays (measured: 38 of 255 off)."""
    from PIL import Image

    picture = Image.fromarray(pixels)
    file = io.BytesIO()
    (picture if pixels.ndim == 2 else picture.quantize(256)).save(file, "GIF")
    return file.getvalue()


def _gray(instance: Instance, numbers: Sequence[int], window: Window | None) -> Iterator[np.ndarray]:
    slices = _slices(instance)
    inverted = text(instance.header, "PhotometricInterpretation") == "MONOCHROME1"
    for frame, stored in zip(numbers, stored_values(instance, numbers), strict=True):
        values = _modality_values(instance.header, slices[frame - 1].rescale if slices else None, stored)
        gray = (window or _own_window(instance.header, values)).apply(values)
        yield 255 - gray if inverted else gray


def _color(instance: Instance, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    header = instance.header
    if text(header, "PhotometricInterpretation") != "RGB" or whole(header, "BitsAllocated") != 8:
        raise InvalidInstance("Only gray and RGB images are rendered.")
    if instance.transfer_syntax_uid not in NATIVE:
        raise InvalidInstance("Only uncompressed color images are rendered.")
    rows, columns = whole(header, "Rows") or 0, whole(header, "Columns") or 0
    for data in little_endian_frames(instance.path, numbers):
        pixels = np.frombuffer(data, np.uint8)
        if whole(header, "PlanarConfiguration") == 1:
            yield pixels.reshape(3, rows, columns).transpose(1, 2, 0)
        else:
            yield pixels.reshape(rows, columns, 3)


def _modality_values(header: Dataset, rescale: tuple[float, float] | None, values: np.ndarray) -> np.ndarray:
    if text(header, "Modality") == "CT" and rescale is not None:
        return hounsfield(values, header, rescale)
    if rescale is None and items(header, "ModalityLUTSequence"):
        raise InvalidInstance("Its values go through a Modality LUT (PS3.3 C.11.1), which is not applied.")
    slope, intercept = rescale or (number(header, "RescaleSlope") or 1.0, number(header, "RescaleIntercept") or 0.0)
    return values.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _slices(instance: Instance) -> tuple[Frame, ...]:
    try:
        return frames_of(instance)
    except UnsuitableSeries:  # many frames without functional groups: a secondary capture, say
        return ()


def _own_window(header: Dataset, values: np.ndarray) -> Window:
    center, width = number(header, "WindowCenter"), number(header, "WindowWidth")
    if center is not None and width is not None and width >= 1:
        return Window(center, width)
    if text(header, "Modality") == "CT":
        return BRAIN
    low, high = float(values.min()), float(values.max())
    return Window((low + high) / 2, max(high - low, 1.0), "linear-exact")


def _cut(pixels: np.ndarray, region: Region) -> np.ndarray:
    rows, columns = pixels.shape[:2]
    left, top, width, height = (
        whole if part is None else part for part, whole in zip(region, (0, 0, columns, rows), strict=True)
    )
    x, y = (max(0, round(left)), max(0, round(top)))
    cut = pixels[y : min(rows, round(top + abs(height))), x : min(columns, round(left + abs(width)))]
    if not cut.size:
        raise InvalidInstance("The part of the image that is asked for lies outside it.")
    return cut[:: -1 if height < 0 else 1, :: -1 if width < 0 else 1]
