"""`adapt`: fine-tune a model on a site's own labeled studies."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from triage_node.errors import TriageError
from triage_node.findings import Label
from triage_node.train.commands.console import console, progress
from triage_node.train.commands.site_options import (
    NegativeLevel,
    PositiveLevel,
    SiteDicom,
    SiteLabels,
    SiteModel,
    SiteName,
    error_levels,
)

if TYPE_CHECKING:
    from triage_node.models import Manifest
    from triage_node.train.calibration.conformal import ErrorLevels
    from triage_node.train.site.adaptation import Adaptation, AdaptationSettings
    from triage_node.train.site.cases import Case
    from triage_node.train.site.gain import Gain


@dataclass(frozen=True)
class AdaptRequest:
    """Where an adaptation reads and writes."""

    model: Path
    labels: Path
    dicom: Path
    shards: Path
    out: Path
    name: str
    keep_thresholds: bool


def _print_gains(gains: "list[Gain]") -> None:
    from triage_node.train.site.report import signed

    table = Table(title="AUC on patients that the fit had not seen (95 % interval over patients)")
    for column in ("rows", "label", "positive", "before", "after", "paired gain", "mean gain of a seed"):
        table.add_column(column)
    for gain in gains:
        counted = f"{gain.positive} of {gain.count}"
        found = [str(gain.before), str(gain.after), signed(gain.paired), signed(gain.of_seeds)]
        table.add_row(gain.rows, str(gain.label), counted, *found)
    console.print(table)


def _write(
    request: AdaptRequest,
    base: "Manifest",
    cases: "list[Case]",
    adaptation: "Adaptation",
    settings: "AdaptationSettings",
    levels: "ErrorLevels",
) -> None:
    """Calibrate on the out-of-fold scores, and write model and report."""
    from triage_node.train.calibration.site import SiteScores, calibrate_site, expected_coverage, lacking
    from triage_node.train.commands.site_options import describe
    from triage_node.train.site.gain import conclusion, gains, mean_scores
    from triage_node.train.site.model_folder import finish_site_model, start_site_model
    from triage_node.train.site.report import AdaptationReport, adaptation_metrics

    found = gains(adaptation.before, adaptation.seeds)
    _print_gains(found)
    scores = SiteScores.of(mean_scores(adaptation.seeds))
    started = start_site_model(base, request.out, request.name, adaptation.weights, adaptation.feature_distribution)
    coverage = expected_coverage(started, scores, levels)
    calibrated = calibrate_site(started, scores, levels, f"Out-of-fold scores of {describe(cases)} of the site")
    adapted = f"{base.training_data.rstrip()} Adapted to {describe(cases)} of a site."
    manifest = finish_site_model(replace(calibrated, training_data=adapted), adaptation_metrics(found, coverage))
    short = list(lacking(scores.study_labels, levels).values())
    path = AdaptationReport(manifest, settings, adaptation, found, coverage, short).write()
    for sentence in short:
        console.print(f"{sentence}: the values of the model it started from are kept.")
    console.print(f"Expected of new patients (each left out once): {coverage}.")
    console.print(
        f"AUC of any on held-out generated slices: {adaptation.generated_before:.3f} before, "
        f"{adaptation.generated_after:.3f} after."
    )
    console.print(f"{manifest.name} {manifest.version} written to {request.out}, report in {path}")
    console.print(conclusion(found))


def _refuse_old_thresholds(cases: "list[Case]", levels: "ErrorLevels") -> None:
    """Refuse to put new weights under thresholds that were found with others."""
    import numpy as np

    from triage_node.train.calibration.site import lacking

    lack = lacking(np.stack([case.study_labels for case in cases]), levels).get(Label.ANY)
    if lack is not None:
        raise TriageError(
            f"Too few for thresholds of the new weights ({lack}), and those of the old weights bound none of their "
            "errors. Give more studies, or --keep-thresholds to see what an adaptation would gain."
        )


def _adapt(request: AdaptRequest, settings: "AdaptationSettings", levels: "ErrorLevels") -> None:
    """Read, fit, judge, write."""
    from triage_node.models import load_model
    from triage_node.train.commands.site_options import load_cases
    from triage_node.train.site.adaptation import Adapter, read_generated
    from triage_node.train.site.model_folder import check_site_folder

    model = load_model(request.model)
    check_site_folder(model.manifest, request.out, request.name)
    generated = read_generated(request.shards, model.manifest)
    cases = load_cases(request.labels, request.dicom, model.manifest)
    if not request.keep_thresholds:
        _refuse_old_thresholds(cases, levels)
    with progress() as bar:
        task = bar.add_task("adapting, steps", total=settings.total_steps)
        adapter = Adapter(model, cases, generated, settings, request.out, lambda steps: bar.advance(task, steps))
        adaptation = adapter.run()
    _write(request, model.manifest, cases, adaptation, settings, levels)
    adapter.tidy()


def adapt(
    model: Annotated[Path, typer.Argument(help="Model folder or name of a shipped model to start from.")],
    site: SiteLabels,
    dicom: SiteDicom,
    shards: Annotated[Path, typer.Option(help="Shards of generated studies, against forgetting.", exists=True)],
    out: SiteModel,
    name: SiteName = None,
    folds: Annotated[int, typer.Option(help="Folds of patients that judge the adaptation.", min=2)] = 4,
    seeds: Annotated[int, typer.Option(help="Fits of everything; their mean is kept.", min=1)] = 3,
    steps: Annotated[int, typer.Option(help="Steps of each fit.", min=10)] = 150,
    alpha_negative: NegativeLevel = 0.02,
    alpha_positive: PositiveLevel = 0.10,
    keep_thresholds: Annotated[
        bool, typer.Option("--keep-thresholds", help="Adapt also where studies are too few to set thresholds: to try.")
    ] = False,
) -> None:
    """Fine-tune a model on a few dozen labeled studies of a site, without forgetting the generated ones.

    Judged by cross-validation over patients; the report says what was gained. Slices have to be labeled, or a study
    has to be free of hemorrhage, to be fitted on. Called again with the same --out it goes on where it was cut off.
    """
    from triage_node.train.site.adaptation import AdaptationSettings
    from triage_node.train.site.tuning import TuningSettings

    levels = error_levels(alpha_negative, alpha_positive)
    request = AdaptRequest(model, site, dicom, shards, out, name or out.name, keep_thresholds)
    settings = AdaptationSettings(folds, seeds, TuningSettings(steps=steps))
    _adapt(request, settings, levels)
