"""What a model takes for familiar: measured on generated studies that no fit has seen."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from triage_node.models.familiarity import fit_familiarity, write_familiarity
from triage_node.models.manifest import Manifest
from triage_node.models.predictor import Model
from triage_node.models.preprocessing import StrippedHead
from triage_node.models.weights_file import sha256_of
from triage_node.train.evaluation.scored import as_head
from triage_node.train.shards import read_shard, shard_paths


def _heads(shards: Path) -> Iterator[StrippedHead]:
    for path in shard_paths(shards):
        yield from map(as_head, read_shard(path))


def measure_familiarity(model: Model, shards: Path) -> Manifest:
    """Write the statistics of held-out generated studies beside a model's weights; return a manifest that pins them."""
    path = write_familiarity(model.manifest.folder, fit_familiarity(model, _heads(shards)))
    return replace(model.manifest, familiarity_sha256=sha256_of(path))
