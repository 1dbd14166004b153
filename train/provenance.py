"""Where a model's weights come from, as its manifest records it."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import triage_node
from triage_node.complete_file import complete_file
from triage_node.train.fitting.settings import FitSettings
from triage_node.train.recipe import Recipe

SETTINGS_FILE = "settings.json"


def write_settings(folder: Path, settings: FitSettings) -> None:
    """Keep what a run was fitted with beside its weights; of its start only run and file are named."""
    content = asdict(settings)
    if settings.start is not None:
        content["start"] = f"{settings.start.resolve().parent.name}/{settings.start.name}"
    with complete_file(folder / SETTINGS_FILE) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _settings(folder: Path) -> dict[str, Any]:
    """Return what a run was fitted with, less what the recipe says already."""
    content: dict[str, Any] = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    return {"run": folder.resolve().name, **{k: v for k, v in content.items() if k not in ("geometry", "windows")}}


def revision() -> str | None:
    """Return the Git revision of the source, marked when it was changed since; None for an installed package."""
    root = Path(triage_node.__file__).parents[1]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--match="]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def provenance(recipe: Recipe, runs: list[Path]) -> dict[str, Any]:
    """Return the recipe with the settings of the runs whose weights are averaged, and the code that fitted them."""
    return {
        **recipe.to_json(),
        "averaged_runs": [_settings(run) for run in runs if (run / SETTINGS_FILE).exists()],
        "package_version": triage_node.__version__,
        "revision": revision(),
    }
