"""`evaluate`: print what a model is worth."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from triage_node.findings import LABELS
from triage_node.train.commands.console import console, progress

if TYPE_CHECKING:
    from triage_node.models.manifest import Manifest
    from triage_node.train.evaluation.evaluate import Evaluation
    from triage_node.train.evaluation.scored import ScoredStudy


def _score(name: str, studies: Any, total: int) -> "list[ScoredStudy]":
    with progress() as bar:
        return list(bar.track(studies, total=total, description=name))


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


def _evaluate(request: EvaluateRequest) -> None:
    """Print the figures of a model, and keep them in its manifest and card when asked to."""
    from triage_node.models.registry import load_model
    from triage_node.train.card import write_card
    from triage_node.train.evaluation.evaluate import evaluate as measure
    from triage_node.train.evaluation.evaluate import figures
    from triage_node.train.evaluation.scored import score_dicom, score_shards
    from triage_node.train.export import save_manifest
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
        evaluation = measure(model.manifest, _score(name, studies, total))
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
    from triage_node.train.evaluation.scored import read_series

    prediction = model.predict(read_series(folder))
    threshold = model.manifest.slice_thresholds[LABELS[-1]]
    share = float((prediction.slice_probabilities[:, -1] >= threshold).mean())
    return (
        f"{prediction.decision.value.replace('_', ' ')}, any {prediction.probabilities[LABELS[-1]]:.3f}, "
        f"{share:.0%} of the slices at or above the slice threshold"
    )


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder or name of a shipped model.")],
    shards: Annotated[Path | None, typer.Option(help="Held-out shards.", exists=True)] = None,
    dicom: Annotated[Path | None, typer.Option(help="Folder with one folder of DICOM a patient.", exists=True)] = None,
    labels: Annotated[
        Path | None, typer.Option(help="CSV: patient (folder name), slice (Instance Number), six labels.", exists=True)
    ] = None,
    plain: Annotated[
        list[Path] | None, typer.Option(help="DICOM series without hemorrhage; may be repeated.", exists=True)
    ] = None,
    write_card: Annotated[bool, typer.Option("--write-card", help="Keep the figures in manifest and card.")] = False,
) -> None:
    """Print AUC by slice, patient and type with intervals over patients, beside that of the brain's area alone."""
    if (dicom is None) != (labels is None):
        raise typer.BadParameter("--dicom and --labels belong together")
    if shards is None and dicom is None and not plain:
        raise typer.BadParameter("nothing to evaluate on: give --shards, --dicom with --labels, or --plain")
    _evaluate(EvaluateRequest(model, shards, dicom, labels, tuple(plain or ()), write_card))
