"""What the commands that work on a site's studies share: their options, and reading the studies with a bar."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.errors import TriageError
from triage_node.train.commands.console import console, progress

if TYPE_CHECKING:
    from triage_node.models import Manifest
    from triage_node.train.calibration.conformal import ErrorLevels
    from triage_node.train.site.cases import Case

SITE_HELP = (
    "CSV of the site: patient, optionally folder, slice (Instance Number) or sop_instance_uid, and the six labels."
)
SiteLabels = Annotated[Path, typer.Option("--site", help=SITE_HELP, exists=True, dir_okay=False)]
SiteDicom = Annotated[Path, typer.Option("--dicom", help="Folder with one folder of DICOM a study.", exists=True)]
SiteModel = Annotated[Path, typer.Option("--out", help="Folder of the site's model.")]
SiteName = Annotated[str | None, typer.Option("--name", help="Name of the site; else that of --out.")]
NegativeLevel = Annotated[
    float, typer.Option("--alpha-negative", help="Share of studies without hemorrhage that may be flagged.")
]
PositiveLevel = Annotated[
    float, typer.Option("--alpha-positive", help="Share of studies with hemorrhage that may be taken for free of it.")
]


def error_levels(negative: float, positive: float) -> "ErrorLevels":
    """Return the error levels of two options.

    Raises
    ------
    typer.BadParameter
        One is no share.
    """
    from triage_node.train.calibration.conformal import ErrorLevels

    if not (0 < negative < 1 and 0 < positive < 1):
        raise typer.BadParameter("error levels lie between 0 and 1")
    return ErrorLevels(negative, positive)


def load_cases(labels: Path, dicom: Path, manifest: "Manifest") -> "list[Case]":
    """Return the site's studies; those without a head are left out, and counted on the terminal.

    Raises
    ------
    TriageError
        When none is left.
    """
    from triage_node.train.site.cases import checked_labels, read_cases

    total = len(checked_labels(labels, dicom))
    with progress() as bar:
        found = list(bar.track(read_cases(labels, dicom, manifest.geometry), total=total, description="reading"))
    cases = [case for case in found if case is not None]
    if not cases:
        raise TriageError(f"None of the {total} studies of {labels.name} shows a head that can be analyzed.")
    if refused := total - len(cases):
        console.print(f"{refused} of {total} studies show no head that can be analyzed and are left out.")
    return cases


def describe(cases: "list[Case]") -> str:
    """Return how many studies of how many patients there are."""
    return f"{len(cases)} labeled studies of {len({case.patient for case in cases})} patients"


def print_thresholds(manifest: "Manifest") -> None:
    """Print the thresholds of every label."""
    for label, flag in manifest.thresholds.flag.items():
        console.print(
            f"{label:18} flag {flag:.4f}  uncertain {manifest.thresholds.uncertain[label]:.4f}  "
            f"slice {manifest.slice_thresholds[label]:.4f}"
        )
