"""What the commands of `triage-node-train` do once their options are read; heavy imports wait until a command runs."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from triage_node.findings import LABELS

if TYPE_CHECKING:
    from triage_node.models.manifest import Manifest
    from triage_node.train.evaluate import Evaluation
    from triage_node.train.scored import ScoredStudy

console = Console()


def progress() -> Progress:
    """Return a bar that says what is done, how much of it and how long it will take."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console)


def generate_shards(folder: Path, studies: int, first_seed: int, workers: int) -> None:
    """Generate studies into shards."""
    from triage_node.models.preprocessing import Geometry
    from triage_node.train.phantom.making import make_shards, shard_ranges

    with progress() as bar:
        task = bar.add_task("shards", total=len(shard_ranges(first_seed, studies)))
        for _ in make_shards(folder, first_seed, studies, Geometry(), workers):
            bar.advance(task)


def generate_series(folder: Path, seed: int, types: tuple[str, ...], size: int) -> None:
    """Write one generated study as a DICOM series."""
    from triage_node.findings import Label
    from triage_node.train.phantom.dicom_series import write_series

    paths = write_series(folder, seed, tuple(Label(name) for name in types), size)
    console.print(f"{len(paths)} slices written to {folder}")


def make_demo_studies(folder: Path) -> None:
    """Write the studies of the node's demonstration."""
    from triage_node.train.demo_studies import write_demo_studies

    with console.status("Generating three studies of 512 x 512; this takes a minute or two …"):
        archives = write_demo_studies(folder)
    console.print(f"{', '.join(archive.name for archive in archives)} written to {folder}")


def draw_sheet(path: Path, first_seed: int, studies: int) -> None:
    """Write a picture of generated studies."""
    import numpy as np

    from triage_node.train.phantom.atlas import load_atlas
    from triage_node.train.phantom.contact_sheet import write_contact_sheet
    from triage_node.train.phantom.study import generate_study, random_recipe

    atlas, drawn = load_atlas(), []
    for seed in range(first_seed, first_seed + studies):
        rng = np.random.default_rng(seed)
        study = generate_study(atlas, random_recipe(rng), rng)
        drawn.append((study.volume.hu, study.bits))
    write_contact_sheet(path, drawn)
    console.print(f"{studies} studies drawn in {path}")


@dataclass(frozen=True)
class FitRequest:
    """Options of `fit`."""

    shards: Path
    run: Path
    steps: int
    batch: int
    learning_rate: float
    seed: int
    start: Path | None


def fit_network(request: FitRequest) -> None:
    """Fit, with a bar and one line an epoch."""
    from triage_node.train.fit import fit
    from triage_node.train.fit_progress import EpochLines
    from triage_node.train.settings import FitSettings

    settings = FitSettings(
        steps=request.steps,
        batch=request.batch,
        learning_rate=request.learning_rate,
        seed=request.seed,
        start=request.start,
    )
    with progress() as bar:
        fit(request.shards, request.run, settings, (EpochLines(bar, settings.steps, settings.epoch),))


def export_runs(runs: list[Path], folder: Path, name: str, version: str, training_data: str) -> None:
    """Turn the averaged weights of a run, or of several, into a model folder."""
    from triage_node.models.networks import LESION_MAP_LITE0
    from triage_node.train.export import ModelDescription, export_model
    from triage_node.train.settings import WEIGHTS_FILE, FitSettings

    settings = FitSettings()
    description = ModelDescription(
        name=name,
        version=version,
        training_data=training_data,
        architecture=LESION_MAP_LITE0,
        decoder_filters=settings.decoder_filters,
        geometry=settings.geometry,
        windows=settings.windows,
    )
    manifest = export_model([run / WEIGHTS_FILE for run in runs], folder, description)
    console.print(f"{manifest.name} {manifest.version} written to {folder}, SHA-256 {manifest.sha256}")


def _score(name: str, studies: Any, total: int) -> "list[ScoredStudy]":
    with progress() as bar:
        return list(bar.track(studies, total=total, description=name))


def calibrate_model(folder: Path, shards: Path) -> None:
    """Set scaling and thresholds from held-out generated studies."""
    from triage_node.models.registry import load_model
    from triage_node.train.calibrate import OperatingPoints, calibrate
    from triage_node.train.export import save_manifest
    from triage_node.train.scored import score_shards
    from triage_node.train.shards import STUDIES_PER_SHARD, shard_paths

    model = load_model(folder)
    total = len(shard_paths(shards)) * STUDIES_PER_SHARD
    studies = _score("scoring", score_shards(model, shards), total)
    manifest = save_manifest(calibrate(model.manifest, studies, OperatingPoints()))
    for label in LABELS:
        console.print(
            f"{label:18} flag {manifest.thresholds.flag[label]:.4f}  uncertain "
            f"{manifest.thresholds.uncertain[label]:.4f}  slice {manifest.slice_thresholds[label]:.4f}"
        )


def _print_evaluation(name: str, evaluation: "Evaluation") -> None:
    table = Table(title=f"{name}: {evaluation.studies} studies, AUC (95 % interval over patients)")
    table.add_column("label")
    for row in evaluation.rows:
        table.add_column(f"{row.name} ({row.positive} of {row.count} positive)")
    for k, label in enumerate(LABELS):
        table.add_row(str(label), *(str(row.by_label[k]) for row in evaluation.rows))
    table.add_row("brain area alone", *map(str, evaluation.area))
    console.print(table)
    console.print(
        f"flagged: {evaluation.flagged} of those with hemorrhage, {evaluation.flagged_negative} of those without; "
        f"weighted log loss of slices {evaluation.log_loss:.4f}"
    )


@dataclass(frozen=True)
class EvaluateRequest:
    """Options of `evaluate`."""

    model: Path
    shards: Path | None
    dicom: Path | None
    labels: Path | None
    plain: tuple[Path, ...]
    write_card: bool


def evaluate_model(request: EvaluateRequest) -> None:
    """Print the figures of a model, and keep them in its manifest and card when asked to."""
    from triage_node.models.registry import load_model
    from triage_node.train.card import write_card
    from triage_node.train.evaluate import evaluate, figures
    from triage_node.train.export import save_manifest
    from triage_node.train.scored import score_dicom, score_shards
    from triage_node.train.shards import STUDIES_PER_SHARD, shard_paths

    model = load_model(request.model)
    metrics: dict[str, Any] = {}
    sources: list[tuple[str, Any, int]] = []
    if request.shards:
        total = len(shard_paths(request.shards)) * STUDIES_PER_SHARD
        sources.append(("Held-out generated studies", score_shards(model, request.shards), total))
    if request.dicom and request.labels:
        total = sum(path.is_dir() for path in request.dicom.iterdir())
        name = f"Development pictures ({request.dicom.name})"
        sources.append((name, score_dicom(model, request.dicom, request.labels), total))
    for name, studies, total in sources:
        evaluation = evaluate(model.manifest, _score(name, studies, total))
        _print_evaluation(name, evaluation)
        metrics[name] = figures(evaluation)
    for folder in request.plain:
        metrics[f"Plain series {folder.name}"] = sentence = _judge_plain(model, folder)
        console.print(f"{folder.name}: {sentence}")
    if request.write_card:
        console.print(f"written: {write_card(save_manifest(_with_metrics(model.manifest, metrics)))}")


def _with_metrics(manifest: "Manifest", metrics: dict[str, Any]) -> "Manifest":
    return replace(manifest, metrics={**manifest.metrics, **metrics})


def _judge_plain(model: Any, folder: Path) -> str:
    """Say what a model makes of a series known to show no hemorrhage."""
    from triage_node.train.scored import read_series

    prediction = model.predict(read_series(folder))
    threshold = model.manifest.slice_thresholds[LABELS[-1]]
    share = float((prediction.slice_probabilities[:, -1] >= threshold).mean())
    return (
        f"{prediction.decision.value.replace('_', ' ')}, any {prediction.probabilities[LABELS[-1]]:.3f}, "
        f"{share:.0%} of the slices at or above the slice threshold"
    )
