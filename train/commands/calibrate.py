"""`calibrate`: set probabilities and thresholds."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_node.train.commands.console import console, progress
from triage_node.train.commands.site_options import SITE_HELP, NegativeLevel, PositiveLevel, SiteName, error_levels

if TYPE_CHECKING:
    from triage_node.train.calibration.conformal import ErrorLevels


@dataclass(frozen=True)
class SiteRequest:
    """A calibration on a site's own studies."""

    labels: Path
    dicom: Path
    out: Path
    name: str


def _calibrate_generated(model: Path, shards: Path, levels: "ErrorLevels") -> None:
    """Rewrite a model's manifest from held-out generated studies."""
    from triage_node.models import load_model
    from triage_node.train.calibration.calibrate import OperatingPoints, calibrate, warnings
    from triage_node.train.calibration.out_of_distribution import save_feature_distribution
    from triage_node.train.commands.site_options import print_thresholds
    from triage_node.train.evaluation.scored import observe_shards
    from triage_node.train.export import save_manifest
    from triage_node.train.shards import STUDIES_PER_SHARD, shard_paths

    loaded = load_model(model)
    total = len(shard_paths(shards)) * STUDIES_PER_SHARD
    with progress() as bar:
        seen = list(bar.track(observe_shards(loaded, shards), total=total, description="scoring"))
    familiar = save_feature_distribution(loaded.manifest, [features for _, features in seen])
    manifest = save_manifest(calibrate(familiar, [study for study, _ in seen], OperatingPoints(levels)))
    print_thresholds(manifest)
    for sentence in warnings(manifest, levels):
        console.print(sentence)


def _calibrate_site(model: Path, request: SiteRequest, levels: "ErrorLevels") -> None:
    """Write a site's model with the weights of another one."""
    from triage_node.models import load_model
    from triage_node.train.calibration.scaling import scaling_warnings
    from triage_node.train.calibration.site import SiteScores, calibrate_site, expected_coverage, lacking
    from triage_node.train.commands.site_options import describe, load_cases, print_thresholds
    from triage_node.train.site.cases import score_case
    from triage_node.train.site.model_folder import finish_site_model, start_site_model

    loaded = load_model(model)
    cases = load_cases(request.labels, request.dicom, loaded.manifest)
    with progress() as bar:
        found = [score_case(loaded, case) for case in bar.track(cases, description="scoring")]
    scores = SiteScores.of(found)
    started = start_site_model(loaded.manifest, request.out, request.name)
    calibrated = calibrate_site(started, scores, levels, f"{describe(cases)} of the site")
    coverage = expected_coverage(started, scores, levels)
    metrics = {"Site calibration, patients left out": str(coverage)}
    manifest = finish_site_model(calibrated, metrics)
    print_thresholds(manifest)
    for sentence in lacking(scores.study_labels, levels).values():
        console.print(f"{sentence}: the shipped values are kept.")
    for sentence in scaling_warnings(manifest.study_scaling, "studies"):
        console.print(sentence)
    console.print(f"Expected of new patients (each left out once): {coverage}.")
    console.print(f"{manifest.name} {manifest.version} written to {request.out}, SHA-256 {manifest.sha256}")


def calibrate(
    model: Annotated[Path, typer.Argument(help="Model folder, or with --site also the name of a shipped model.")],
    shards: Annotated[
        Path | None,
        typer.Argument(
            help="Held-out shards, seeds that no fit has seen: the model's manifest is rewritten.", exists=True
        ),
    ] = None,
    site: Annotated[Path | None, typer.Option("--site", help=SITE_HELP, exists=True, dir_okay=False)] = None,
    dicom: Annotated[Path | None, typer.Option(help="Folder with one folder of DICOM a study.", exists=True)] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the site's model.")] = None,
    name: SiteName = None,
    alpha_negative: NegativeLevel = 0.02,
    alpha_positive: PositiveLevel = 0.10,
) -> None:
    """Set probabilities and thresholds: from held-out generated studies, or from a site's own labeled ones.

    With --site, --dicom and --out the given model is left alone, and a model of the site is written beside it.
    """
    of_site = (site, dicom, out)
    if (shards is None) == (site is None) or (site is None) != (None in of_site):
        raise typer.BadParameter("give either held-out shards, or --site, --dicom and --out together")
    levels = error_levels(alpha_negative, alpha_positive)
    if shards is not None:
        _calibrate_generated(model, shards, levels)
    elif site is not None and dicom is not None and out is not None:
        _calibrate_site(model, SiteRequest(site, dicom, out, name or out.name), levels)
