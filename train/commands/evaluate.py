"""`evaluate`: print what a model is worth, draw it, keep it in the card."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triage_node.errors import TriageError
from triage_node.findings import LABELS
from triage_node.train.commands.console import console, progress
from triage_node.train.commands.evaluation_tables import print_bars, print_evaluation
from triage_node.train.commands.site_options import SITE_HELP

if TYPE_CHECKING:
    from triage_node.models import Manifest, Model
    from triage_node.train.evaluation.report import Section
    from triage_node.train.evaluation.robustness import LabeledHead
    from triage_node.train.evaluation.scored import ScoredStudy

    Score = Callable[[Model], list[ScoredStudy]]


@dataclass(frozen=True)
class EvaluateRequest:
    """Options of `evaluate`."""

    model: Path
    also: tuple[Path, ...]
    members: tuple[Path, ...]
    shards: Path | None
    frozen: Path | None
    workers: int
    dicom: Path | None
    labels: Path | None
    plain: tuple[Path, ...]
    report: Path | None
    write_card: bool
    against: Path | None = None
    robustness: bool = False


@dataclass(frozen=True)
class StudySet:
    """Studies to judge on: what a model scores on them, and their heads as they were scanned."""

    name: str
    score: "Score"
    heads: "Callable[[], Iterator[LabeledHead]]"


def _score(name: str, studies: Any, total: int) -> list[Any]:
    with progress() as bar:
        return list(bar.track(studies, total=total, description=name))


def _generated(name: str, folder: Path, model: "Model") -> StudySet:
    from triage_node.train.evaluation.frozen import refuse_seen
    from triage_node.train.evaluation.robustness import generated_heads
    from triage_node.train.evaluation.scored import score_shards
    from triage_node.train.shards import read_seeds, shard_paths

    def score(model: "Model") -> "list[ScoredStudy]":
        refuse_seen(model.manifest, folder)
        total = sum(len(read_seeds(path)) for path in shard_paths(folder))
        return _score(model.manifest.folder.name, score_shards(model, folder), total)

    return StudySet(name, score, lambda: generated_heads(folder, model.manifest.geometry))


def _frozen(folder: Path, model: "Model", workers: int) -> StudySet:
    """Make what is missing of the frozen set."""
    from triage_node.train.evaluation.frozen import make_frozen_shards, read_frozen_set

    frozen = read_frozen_set()
    with progress() as bar:
        made = make_frozen_shards(folder, frozen, model.manifest.geometry, workers)
        for _ in bar.track(made, total=frozen.shards, description="frozen evaluation set"):
            pass
    return _generated(frozen.name, folder, model)


def _labeled(dicom: Path, labels: Path) -> StudySet:
    """Judge on the studies that a label file names, and on no others: of those nothing is known."""
    from triage_node.train.site.cases import checked_labels, score_labeled, site_heads

    named = checked_labels(labels, dicom)
    folders = {Path(study.folder).parts[0] for study in named}
    unnamed = sum(path.is_dir() and path.name not in folders for path in dicom.iterdir())
    if unnamed:
        console.print(f"{unnamed} folders of {dicom} are not named in {labels.name} and are left out.")

    def score(model: "Model") -> "list[ScoredStudy]":
        scored = _score(model.manifest.folder.name, score_labeled(model, labels, dicom), len(named))
        found = [study for study in scored if study is not None]
        if not found:
            raise TriageError(f"None of the {len(named)} studies of {labels.name} shows a head that can be analyzed.")
        if refused := len(scored) - len(found):
            console.print(f"{refused} of {len(scored)} studies show no head that can be analyzed and are left out.")
        return found

    return StudySet(f"Labeled studies ({dicom.name})", score, lambda: site_heads(labels, dicom))


def _study_sets(request: EvaluateRequest, model: "Model") -> list[StudySet]:
    found = []
    if request.shards:
        found.append(_generated("Held-out generated studies", request.shards, model))
    if request.frozen:
        found.append(_frozen(request.frozen, model, request.workers))
    if request.dicom and request.labels:
        found.append(_labeled(request.dicom, request.labels))
    return found


def _robustness(model: "Model", studies: StudySet) -> dict[str, Any]:
    """Show some heads otherwise, and look where the map is highest in those without hemorrhage."""
    from triage_node.train.evaluation.figures import robustness_figures
    from triage_node.train.evaluation.robustness import chosen_heads, robustness

    shown, further = chosen_heads(studies.heads())
    with progress() as bar:
        task = bar.add_task("heads shown otherwise", total=len(shown) + len(further))
        return robustness_figures(robustness(model, shown, further, lambda: bar.advance(task)))


def _evaluate_plain(model: "Model", folder: Path) -> str:
    """Say what a model makes of a series known to show no hemorrhage, and print its bars."""
    from triage_node.train.evaluation.bars import plain_bar
    from triage_node.train.evaluation.figures import bar_figures
    from triage_node.train.evaluation.scored import read_series

    prediction = model.predict(read_series(folder))
    threshold = model.manifest.slice_thresholds[LABELS[-1]]
    share = float((prediction.slice_probabilities[:, -1] >= threshold).mean())
    sentence = (
        f"{prediction.decision.value.replace('_', ' ')}, any {prediction.probabilities[LABELS[-1]]:.3f}, "
        f"{share:.0%} of the slices at or above the slice threshold"
    )
    console.print(f"{folder.name}: {sentence}")
    print_bars(bar_figures((plain_bar(folder.name, share),)))
    return sentence


def _keep(request: EvaluateRequest, manifest: "Manifest", sections: "list[Section]", plain: dict[str, str]) -> None:
    """Write report and card when asked to."""
    from triage_node.train.evaluation.report import write_report
    from triage_node.train.export import save_manifest
    from triage_node.train.model_card import write_card

    if request.report:
        console.print(f"written: {write_report(request.report, manifest, sections, plain)}")
    if request.write_card:
        metrics = {section.name: section.figures for section in sections} | plain
        measured = replace(manifest, metrics={**manifest.metrics, **metrics})
        console.print(f"written: {write_card(save_manifest(measured))}")


def _evaluate(request: EvaluateRequest) -> None:
    """Judge the models on each set of studies, then keep what was found."""
    from triage_node.models import load_model
    from triage_node.train.evaluation.model_section import model_section

    model = load_model(request.model)
    others = [load_model(path) for path in request.members or request.also]
    seeds = others if request.members or not others else [model, *others]
    against = load_model(request.against) if request.against else None
    sections = []
    for studies in _study_sets(request, model):
        section = model_section(
            studies.name, model, seeds, studies.score, draw_pictures=request.report is not None, against=against
        )
        if request.robustness:
            section = replace(section, figures={**section.figures, "robustness": _robustness(model, studies)})
        print_evaluation(section.name, section.figures)
        sections.append(section)
    plain = {f"Plain series {folder.name}": _evaluate_plain(model, folder) for folder in request.plain}
    _keep(request, model.manifest, sections, plain)


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder or name of a shipped model.")],
    also: Annotated[
        list[Path] | None, typer.Option(help="A model of the same recipe with another seed; may be repeated.")
    ] = None,
    member: Annotated[
        list[Path] | None,
        typer.Option(help="A model of one seed, where MODEL is the mean of several; may be repeated."),
    ] = None,
    shards: Annotated[Path | None, typer.Option(help="Held-out shards.", exists=True)] = None,
    frozen: Annotated[
        Path | None, typer.Option(help="Folder of the frozen evaluation set; what is missing is generated.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that generate; about 1 GB each.", min=1)] = 2,
    dicom: Annotated[Path | None, typer.Option(help="Folder with one folder of DICOM a patient.", exists=True)] = None,
    labels: Annotated[Path | None, typer.Option(help=SITE_HELP.replace("CSV of the site", "CSV"), exists=True)] = None,
    plain: Annotated[
        list[Path] | None, typer.Option(help="DICOM series without hemorrhage; may be repeated.", exists=True)
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="A model to compare with, study by study: differences are paired, so few patients say more."),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Ask again with heads blurred, turned, cut or cropped, and look where plain heads alarm.",
        ),
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Folder for an HTML report and its pictures.")] = None,
    write_card: Annotated[bool, typer.Option("--write-card", help="Keep the figures in manifest and card.")] = False,
) -> None:
    """Print what a model is worth, and whether it reaches the bars.

    AUC by slice, patient and type with intervals over patients, beside that of the brain's area alone; sensitivity,
    calibration, and on generated studies what is found of lesions by their volume.
    """
    if (dicom is None) != (labels is None):
        raise typer.BadParameter("--dicom and --labels belong together")
    if shards and frozen:
        raise typer.BadParameter("--shards and --frozen are two ways to name the generated studies: give one")
    if not (shards or frozen or dicom or plain):
        raise typer.BadParameter("nothing to evaluate on: give --frozen, --shards, --dicom with --labels, or --plain")
    if also and member:
        raise typer.BadParameter("--also is for a model that is one of the seeds, --member for their mean: give one")
    _evaluate(
        EvaluateRequest(
            model=model,
            also=tuple(also or ()),
            members=tuple(member or ()),
            shards=shards,
            frozen=frozen,
            workers=workers,
            dicom=dicom,
            labels=labels,
            plain=tuple(plain or ()),
            report=report,
            write_card=write_card,
            against=against,
            robustness=robustness,
        )
    )
