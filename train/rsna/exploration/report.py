"""An exploration as one HTML page, with its pictures beside it."""

from collections.abc import Mapping
from pathlib import Path

from triage_node.complete_file import complete_file
from triage_node.findings import LABELS
from triage_node.train.html_page import render
from triage_node.train.rsna.dataset.tables import Index
from triage_node.train.rsna.exploration.figures import Exploration
from triage_node.train.rsna.exploration.gray_values import GrayValues

TEMPLATE, FILE_NAME = "report.html.j2", "report.html"
CAPTIONS = {
    "label-counts": "Images and studies with each label; a study has what one of its images has.",
    "together": "Of the images with the label of the row, the share that also has the label of the column.",
    "slices-a-study": "Labeled slices of each study.",
    "by-height": "Share of the slices with each label, from the lowest to the highest slice of the series.",
    "hounsfield-units": "Gray values of a sample of images by label; right: beside those without, at the same heights.",
    "examples": "Images of each label in the brain window, 0 to 80 HU, from as many patients as there are.",
}


def report_html(index: Index, found: Exploration, seen: GrayValues, pictures: Mapping[str, bytes]) -> str:
    """Return the report as one HTML page that loads nothing from elsewhere."""
    rows = zip(map(str, LABELS), found.positive_images.tolist(), found.positive_studies.tolist(), strict=True)
    content = {"index": index, "found": found, "seen": seen, "rows": list(rows), "pictures": pictures}
    return render(Path(__file__).parent, TEMPLATE, captions=CAPTIONS, **content)


def write_report(
    folder: Path, index: Index, found: Exploration, seen: GrayValues, pictures: Mapping[str, bytes]
) -> Path:
    """Write the page and each picture into a folder, and return the page's path."""
    for name, content in pictures.items():
        with complete_file(folder / f"{name}.png") as partial:
            partial.write_bytes(content)
    with complete_file(folder / FILE_NAME) as partial:
        partial.write_text(report_html(index, found, seen, pictures), encoding="utf-8")
    return folder / FILE_NAME
