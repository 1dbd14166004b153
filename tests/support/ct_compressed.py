"""The same pixels under every transfer syntax, where we can by encoders that are not our decoders."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless


def dcmtk(tool: str, source: Path, target: Path, *options: str) -> Path:
    """Run a DCMTK converter; the test is skipped by name where it is not installed."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} of DCMTK is not installed")
    subprocess.run([tool, *options, str(source), str(target)], check=True, capture_output=True)
    return target


def jpeg_ls(ds: Dataset) -> Dataset:
    """Compress with CharLS, as pydicom does it."""
    ds.compress(JPEGLSLossless)
    return ds


def rle(ds: Dataset) -> Dataset:
    """Compress with pydicom's RLE encoder."""
    ds.compress(RLELossless)
    return ds


def jpeg_2000(ds: Dataset) -> Dataset:
    """Compress without loss with OpenJPEG."""
    from openjpeg.utils import encode_array

    dtype = "<i2" if ds.PixelRepresentation else "<u2"
    frames = np.frombuffer(ds.PixelData, dtype).reshape(-1, ds.Rows, ds.Columns)
    encoded = [encode_array(frame, bits_stored=ds.BitsStored, codec_format=0, use_mct=False) for frame in frames]
    ds.PixelData = encapsulate([bytes(frame) for frame in encoded])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
    return ds


def read(path: Path) -> Dataset:
    """Return a file as pydicom reads it."""
    return dcmread(path)
