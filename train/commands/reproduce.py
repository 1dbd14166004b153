"""`reproduce`: a shipped model from nothing but the package."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triage_node.train.commands.calibrate import calibrate
from triage_node.train.commands.console import console, progress
from triage_node.train.commands.evaluate import evaluate
from triage_node.train.commands.phantom import write_shards

if TYPE_CHECKING:
    from triage_node.train.fitting.settings import FitSettings
    from triage_node.train.recipe import Recipe, Stage, StudyRange


@dataclass(frozen=True)
class Work:
    """Folders of a reproduction, and what each of its stages does."""

    out: Path
    recipe: "Recipe"
    workers: int

    @property
    def model(self) -> Path:
        """Return the model folder."""
        return self.out / "model"

    def branch(self, seed: int) -> Path:
        """Return the run folder of a branch."""
        return self.out / f"branch-{seed}"

    def generate(self, name: str, studies: "StudyRange") -> None:
        """Write the shards of some studies."""
        write_shards(self.out / name, studies.count, studies.first_seed, self.workers, self.recipe.geometry)

    def fit(self, run: Path, settings: "FitSettings") -> None:
        """Fit one run."""
        from triage_node.models import keras
        from triage_node.train.fitting.fit import fit
        from triage_node.train.fitting.progress import EpochLines

        keras.backend.clear_session()  # what the run before left behind would only take memory
        with progress() as bar:
            fit(self.out / "studies", run, settings, (EpochLines(bar, settings.steps, settings.epoch),))

    def fit_trunk(self) -> None:
        """Fit the trunk."""
        self.fit(self.out / "trunk", self.recipe.trunk_settings())

    def fit_branch(self, seed: int) -> None:
        """Go on from the trunk's last weights."""
        from triage_node.train.fitting.settings import LAST_FILE

        self.fit(self.branch(seed), self.recipe.branch_settings(seed, self.out / "trunk" / LAST_FILE))

    def export(self, version: str) -> None:
        """Write the mean of the branches as a model folder."""
        from triage_node.train.export import export_runs

        sentence = f"{self.recipe.studies.count} generated studies; no patient image was used to fit them."
        runs = [self.branch(seed) for seed in self.recipe.branches.seeds]
        export_runs(runs, self.model, self.recipe, version, sentence)

    def calibrate(self) -> None:
        """Set probabilities, and thresholds at the recipe's levels."""
        levels = self.recipe.levels
        calibrate(self.model, self.out / "calibration", alpha_negative=levels.negative, alpha_positive=levels.positive)

    def evaluate(self) -> None:
        """Measure the model: on the frozen set, or in a rehearsal on fewer studies."""
        from triage_node.train.evaluation.frozen import read_frozen_set

        folder = self.out / "evaluation"
        if self.recipe.evaluation.seeds == read_frozen_set().seeds:
            evaluate(self.model, frozen=folder, workers=self.workers, write_card=True)
        else:
            self.generate("evaluation", self.recipe.evaluation)
            evaluate(self.model, shards=folder, write_card=True)


def _shortened(recipe: "Recipe", studies: int | None, steps: int | None) -> "Recipe":
    """Return a recipe for a rehearsal: fewer studies everywhere, fewer steps in every stage."""
    from triage_node.train.fitting.settings import warm_up_for, whole_epochs

    def shorter(stage: "Stage") -> "Stage":
        if steps is None:
            return stage
        whole = whole_epochs(steps, stage.epoch)
        warm_up = warm_up_for(steps, stage.warm_up)
        return replace(stage, steps=whole["steps"], epoch=whole["epoch"], warm_up=warm_up)

    def fewer(part: "StudyRange") -> "StudyRange":
        return part if studies is None else replace(part, count=studies)

    ranges: dict[str, Any] = {name: fewer(getattr(recipe, name)) for name in ("studies", "calibration", "evaluation")}
    return replace(recipe, **ranges, trunk=shorter(recipe.trunk), branches=shorter(recipe.branches))


def reproduce(
    out: Annotated[Path, typer.Argument(help="Folder for everything; call again to go on.")],
    recipe: Annotated[
        Path | None, typer.Option(help="Recipe file; the package's own is the default.", exists=True)
    ] = None,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "0",
    studies: Annotated[int | None, typer.Option(help="Rehearse with so many studies in each set.", min=20)] = None,
    steps: Annotated[int | None, typer.Option(help="Rehearse with so many steps in each stage.", min=1)] = None,
    workers: Annotated[int, typer.Option(help="Processes that generate; about 1 GB each.", min=1)] = 2,
) -> None:
    """Make a model from nothing but this package: generate, fit trunk and branches, export, calibrate, evaluate.

    Finished stages are not repeated, and a fit goes on from its last checkpoint.
    """
    from triage_node.train.recipe import DEFAULT_RECIPE, read_recipe
    from triage_node.train.stages import Stages

    chosen = _shortened(read_recipe(recipe or DEFAULT_RECIPE), studies, steps)
    work = Work(out, chosen, workers)
    stages = Stages(out, {**chosen.to_json(), "version": version}, console.print)
    stages.run("generate studies", lambda: work.generate("studies", chosen.studies))
    stages.run("fit trunk", work.fit_trunk)
    for seed in chosen.branches.seeds:
        stages.run(f"fit branch {seed}", lambda seed=seed: work.fit_branch(seed))  # type: ignore[misc]
    stages.run("export", lambda: work.export(version))
    stages.run("generate calibration", lambda: work.generate("calibration", chosen.calibration))
    stages.run("calibrate", work.calibrate)
    stages.run("evaluate", work.evaluate)
