"""`calibrate`: set probabilities and thresholds."""

from pathlib import Path
from typing import Annotated

import typer

from triage_node.findings import LABELS
from triage_node.train.commands.console import console, progress


def calibrate(
    model: Annotated[Path, typer.Argument(help="Model folder; its manifest is rewritten.", exists=True)],
    shards: Annotated[Path, typer.Argument(help="Held-out shards: seeds that no fit has seen.", exists=True)],
) -> None:
    """Set probabilities and thresholds from held-out generated studies."""
    from triage_node.models.registry import load_model
    from triage_node.train.calibration.calibrate import OperatingPoints
    from triage_node.train.calibration.calibrate import calibrate as calibrate_manifest
    from triage_node.train.evaluation.scored import score_shards
    from triage_node.train.export import save_manifest
    from triage_node.train.shards import STUDIES_PER_SHARD, shard_paths

    loaded = load_model(model)
    total = len(shard_paths(shards)) * STUDIES_PER_SHARD
    with progress() as bar:
        studies = list(bar.track(score_shards(loaded, shards), total=total, description="scoring"))
    manifest = save_manifest(calibrate_manifest(loaded.manifest, studies, OperatingPoints()))
    for label in LABELS:
        console.print(
            f"{label:18} flag {manifest.thresholds.flag[label]:.4f}  uncertain "
            f"{manifest.thresholds.uncertain[label]:.4f}  slice {manifest.slice_thresholds[label]:.4f}"
        )
