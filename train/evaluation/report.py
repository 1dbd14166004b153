"""One page that shows what a model is worth: tables and pictures in a single HTML file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage_node.complete_file import complete_file
from triage_node.findings import LABELS
from triage_node.models import Manifest
from triage_node.train.html_page import render

TEMPLATE = "report.html.j2"
FILE_NAME = "report.html"
CAPTIONS = {
    "roc": "ROC curves by slice and by patient.",
    "reliability": "What was said against what was true, in ten bins of equal count; below, how often it was said.",
    "sensitivity-by-volume": "Share of the studies found, by volume of the blood of that type.",
    "scores": "Scores of studies and slices with and without hemorrhage, and the thresholds between them.",
}


@dataclass(frozen=True)
class Section:
    """One set of studies: its name, its figures as plain JSON, its pictures as PNG by name."""

    name: str
    figures: Mapping[str, Any]
    pictures: Mapping[str, bytes]

    @property
    def file_prefix(self) -> str:
        """Return the name in letters that every file system takes."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.name.lower()).split())


def report_html(manifest: Manifest, sections: list[Section], sentences: Mapping[str, str]) -> str:
    """Return the report as one HTML page that loads nothing from elsewhere.

    Parameters
    ----------
    sentences
        What a model makes of single series, by name.
    """
    return render(
        Path(__file__).parent,
        TEMPLATE,
        manifest=manifest,
        labels=[str(label) for label in LABELS],
        sections=sections,
        sentences=sentences,
        captions=CAPTIONS,
    )


def write_report(folder: Path, manifest: Manifest, sections: list[Section], sentences: Mapping[str, str]) -> Path:
    """Write the page and each picture into a folder, and return the page's path."""
    for section in sections:
        for name, png in section.pictures.items():
            with complete_file(folder / f"{section.file_prefix}-{name}.png") as partial:
                partial.write_bytes(png)
    path = folder / FILE_NAME
    with complete_file(path) as partial:
        partial.write_text(report_html(manifest, sections, sentences), encoding="utf-8")
    return path
