"""Files of PS3.10 of any bytes, through every reader: a sentence of ours, or what was asked for."""

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import ct
import ct_compressed
from ct_enhanced import enhanced_ct
from ct_objects import structured_report
from ct_series import TODAY
from pydicom.uid import DeflatedExplicitVRLittleEndian

from triage_node.deidentification import Deidentification, Pseudonyms, deidentified_file
from triage_node.errors import InvalidInstance, TriageError
from triage_node.imaging import (
    Difference,
    Instance,
    Policy,
    compressed_frames,
    difference,
    explicit_little_endian,
    frame_count,
    header_as_json,
    little_endian_frames,
    looks_like_head_ct,
    read_everything,
    read_header_and_end,
    read_intact,
    read_volume,
    rendered,
    scan,
    select_series,
)
from triage_node.imaging.part10 import read_header as header_of_file
from triage_node.ingest.file_meta import without_preamble
from triage_node.ingest.header import TAGS, is_uid, read_open_header

POLICY = Policy(prior_study_days=30, minimum_age_years=18)
WITHOUT_PATIENT = Deidentification(Pseudonyms(bytes(32)), "P1")
LARGEST_PICTURE_BYTES = 3 * 2048 * 2048


def check(content: bytes) -> None:
    """Read a file with all readers; raises AssertionError, or what should have been a sentence of ours."""
    _check_header(content)
    harmless = without_preamble(content)
    assert len(harmless) == len(content)
    assert content[128:132] != b"DICM" or not any(harmless[:128])
    path = _file()
    path.write_bytes(content)
    for read in READERS:
        with contextlib.suppress(TriageError):
            read(path)


def seeds() -> Iterator[bytes]:
    """Yield files of each kind to begin with."""
    makers: list[Callable] = [ct_compressed.rle, ct_compressed.jpeg_ls, ct_compressed.jpeg_2000]
    made = [make(ct.head_ct(slices=1, size=(32, 32))[0]) for make in makers]
    made += [*ct.head_ct(slices=1, size=(32, 32)), *enhanced_ct(slices=2, size=(8, 8)), structured_report()[0]]
    for syntax, implicit, little in (("1.2.840.10008.1.2", True, True), ("1.2.840.10008.1.2.2", False, False)):
        [ds] = ct.head_ct(slices=1, size=(8, 8))
        ds.file_meta.TransferSyntaxUID = syntax
        buffer = io.BytesIO()
        ds.save_as(buffer, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
        yield buffer.getvalue()
    [deflated] = ct.head_ct(slices=1, size=(8, 8))
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    [color] = ct.head_ct(slices=1, size=(8, 8), BitsAllocated=8, BitsStored=8, HighBit=7, SamplesPerPixel=3)
    color.PhotometricInterpretation, color.PlanarConfiguration, color.PixelData = "RGB", 0, bytes(192)
    for ds in [*made, deflated, color]:
        buffer = io.BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        yield buffer.getvalue()


@cache
def _file() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"), f"{os.getpid()}.dcm")


def _check_header(content: bytes) -> None:
    try:
        header = read_open_header(io.BytesIO(content))
    except InvalidInstance:
        return
    for name, value in vars(header).items():
        assert not name.endswith("_uid") or is_uid(value), name
        assert not isinstance(value, str) or (value.isprintable() and len(value) <= 256), name
        assert not isinstance(value, int) or abs(value) < 1 << 31, name


def _read_json(path: Path) -> None:
    json.loads(header_as_json(path, lambda tag: f"http://node/{tag}"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def _transcode(path: Path) -> None:
    content = explicit_little_endian(path)
    assert not any(content[:128])
    assert content[128:132] == b"DICM"


def _deidentify(path: Path) -> None:
    uid, content = deidentified_file(path, WITHOUT_PATIENT)
    clean = read_intact(content)
    assert not any(content[:128])
    assert clean.SOPInstanceUID == uid
    assert not [tag for tag in clean.keys() if tag.is_private]  # noqa: SIM118 - its elements would be decoded


def _render(path: Path) -> None:
    for picture in rendered(path):
        assert picture.nbytes <= LARGEST_PICTURE_BYTES


def _analyze(path: Path) -> None:
    found = scan([path])
    select_series(found.series, POLICY, TODAY)
    for series in found.series:
        looks_like_head_ct(series.header)
        read_volume(series, POLICY, True)


def _read_intact(path: Path) -> None:
    for element in read_intact(path.read_bytes()).iterall():
        assert element.tag is not None


def _compare(path: Path) -> None:
    assert difference(path, path) in (Difference.NONE, Difference.PIXELS)


def _frames(path: Path) -> None:
    count = min(3, frame_count(Instance.read(path)))
    for read in (little_endian_frames, compressed_frames):
        with contextlib.suppress(TriageError):
            assert len(list(read(path, range(1, count + 1)))) == count


def _read_end(path: Path) -> None:
    with path.open("rb") as file:
        read_header_and_end(file, TAGS)


READERS: tuple[Callable[[Path], object], ...] = (
    lambda path: header_of_file(path, TAGS),
    read_everything,
    _read_end,
    _read_json,
    _transcode,
    _deidentify,
    _render,
    _frames,
    _compare,
    _analyze,
)
