"""Names and CSV files of the competition: how a set must look to be taken for it."""

import csv
import hashlib
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from triage_node.complete_file import complete_file
from triage_node.findings import LABELS
from triage_node.train.rsna.dataset.label_rows import ID, LABEL

NAME = "rsna-intracranial-hemorrhage-detection"
TRAIN_FOLDER, TEST_FOLDER = "stage_2_train", "stage_2_test"
TRAIN_CSV, SUBMISSION_CSV = "stage_2_train.csv", "stage_2_sample_submission.csv"
SAMPLE_PROBABILITY = "0.5"
# Hexadecimal digits of the identifiers of each kind.
_DIGITS = {"patient": 8, "image": 9, "study": 10, "series": 10}


def identifier(kind: str, *source: int) -> str:
    """Return an identifier as the competition has them, such as ``ID_28fbab7eb``; the same source gives the same."""
    seed_text = "/".join(map(str, (kind, *source)))
    return f"ID_{hashlib.sha256(seed_text.encode()).hexdigest()[: _DIGITS[kind]]}"


def label_rows(image: str, values: Sequence[object]) -> list[tuple[str, str]]:
    """Return the six rows of an image."""
    return [(f"{image}_{label}", str(value)) for label, value in zip(LABELS, values, strict=True)]


def write_rows(path: Path, rows: Iterable[tuple[str, str]]) -> None:
    """Write a CSV of the competition's form."""
    with complete_file(path) as partial, partial.open("w", newline="", encoding="ascii") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow((ID, LABEL))
        writer.writerows(rows)


def pack(folder: Path) -> Path:
    """Pack a set into a zip beside its files, as the competition is downloaded; the same files give the same zip."""
    files = [folder / TRAIN_CSV, folder / SUBMISSION_CSV]
    for name in (TRAIN_FOLDER, TEST_FOLDER):
        files += sorted((folder / name).glob("*.dcm"))
    path = folder / f"{NAME}.zip"
    with complete_file(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            member = zipfile.ZipInfo(f"{NAME}/{file.relative_to(folder).as_posix()}")  # dated 1980, always
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, file.read_bytes(), compresslevel=1)
    return path
