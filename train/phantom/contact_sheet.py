"""Pictures of generated studies side by side, to be judged by eye before anything is fitted on them."""

from pathlib import Path

import cv2
import numpy as np

from triage_node.complete_file import complete_file
from triage_node.findings import TYPES

BRAIN_WINDOW = (0.0, 80.0)
LETTERS = {"epidural": "E", "intraparenchymal": "P", "intraventricular": "V", "subarachnoid": "S", "subdural": "D"}
OUTLINE = (80, 120, 255)


def tile(hu: np.ndarray, bits: np.ndarray, pixels: int) -> np.ndarray:
    """Return one slice as a ``(pixels, pixels, 3) uint8`` picture with its lesions outlined and named."""
    low, high = BRAIN_WINDOW
    gray = np.clip((hu - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    picture = cv2.cvtColor(cv2.resize(gray, (pixels, pixels), interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR)
    blood = cv2.resize((bits > 0).astype(np.uint8), (pixels, pixels), interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(blood, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, OUTLINE, 1)
    name = "".join(LETTERS[label] for k, label in enumerate(TYPES) if ((bits >> k) & 1).any())
    return cv2.putText(picture, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)


def strip(hu: np.ndarray, bits: np.ndarray, columns: int, pixels: int) -> np.ndarray:
    """Return evenly spaced slices of one study in a row; both arrays are ``(slices, rows, columns)``."""
    chosen = np.linspace(0, len(hu) - 1, columns + 2).round().astype(int)[1:-1]
    return np.hstack([tile(hu[index], bits[index], pixels) for index in chosen])


def write_contact_sheet(
    path: Path, studies: list[tuple[np.ndarray, np.ndarray]], columns: int = 10, pixels: int = 160
) -> None:
    """Write a PNG with one row a study.

    Parameters
    ----------
    studies
        HU and lesion bits of each, ``(slices, rows, columns)``.
    """
    rows = [strip(hu, bits, columns, pixels) for hu, bits in studies]
    _, png = cv2.imencode(".png", np.vstack(rows))
    with complete_file(path) as partial:
        partial.write_bytes(png.tobytes())
