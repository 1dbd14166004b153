"""How often a generated set has each type."""

import numpy as np
import pytest
from scipy.stats import binom
from typer.testing import CliRunner

from triage_node.errors import TriageError
from triage_node.findings import TYPES, Label
from triage_node.train.cli import app
from triage_node.train.phantom.study import FIELD_MM, generate_study, random_recipe
from triage_node.train.rsna.synthetic.frequencies import (
    COMPETITION_IMAGES,
    IMAGES_WITH,
    POSITIVE_SHARE,
    SHARE_OF_SLICES,
    Frequencies,
    draw_types,
    share_of_studies,
)
from triage_node.train.rsna.synthetic.generate import generate_set, plan_set

# Five types and any are looked at; a correct table fails in one run of a million.
RISK = 1e-6


@pytest.fixture
def seed():
    """A seed of its own in every run, printed."""
    found = int(np.random.default_rng().integers(2**31))
    print(f"seed {found}")
    return found


def test_studies_have_each_type_as_often_as_the_competition_asks(seed):
    rng, studies = np.random.default_rng(seed), 20_000
    drawn = [draw_types(rng, Frequencies.RSNA) for _ in range(studies)]
    for label in TYPES:
        low, high = binom.interval(1 - RISK / 6, studies, share_of_studies(label))
        assert low <= sum(label in types for types in drawn) <= high, label
    nothing = np.prod([1 - share_of_studies(label) / POSITIVE_SHARE for label in TYPES])
    low, high = binom.interval(1 - RISK / 6, studies, POSITIVE_SHARE * (1 - nothing))
    assert low <= sum(bool(types) for types in drawn) <= high


def test_epidural_blood_is_rare_in_the_competition_and_not_when_types_come_alike(seed):
    rng = np.random.default_rng(seed)
    assert IMAGES_WITH[Label.EPIDURAL] / COMPETITION_IMAGES == pytest.approx(0.004, abs=2e-4)
    studies, rare = 4000, share_of_studies(Label.EPIDURAL)
    alike = sum(Label.EPIDURAL in draw_types(rng, Frequencies.ALIKE) for _ in range(studies))
    assert alike > binom.isf(RISK, studies, rare)


@pytest.mark.slow
@pytest.mark.parametrize("label", TYPES)
def test_a_type_is_on_the_share_of_slices_that_the_table_says(atlas, seed, label):
    shares = []
    for number in range(12):
        rng = np.random.default_rng([seed, number])
        made = generate_study(atlas, random_recipe(rng, (label,), FIELD_MM / 96), rng)
        shares.append(made.slice_labels[:, TYPES.index(label)].mean())
    # Twelve and the table's 136 studies are two samples of shares that deviate by 0.06 to 0.14.
    error = max(float(np.std(shares)), 0.1) * np.sqrt(1 / 12 + 1 / 136)
    print(f"{label}: {np.mean(shares):.3f}, {SHARE_OF_SLICES[label]} in the table, standard error {error:.3f}")
    assert abs(np.mean(shares) - SHARE_OF_SLICES[label]) < 5 * error


def test_another_frequency_is_another_set(tmp_path):
    (tmp_path / ".studies").mkdir()
    (tmp_path / ".studies" / "stage_2_train-1-0-64.json").touch()
    planned = plan_set(1, 1, 1, 64, Frequencies.RSNA)
    with pytest.raises(TriageError, match="holds studies of another set"):
        list(generate_set(tmp_path, planned, 1))


def test_the_command_names_the_choices(tmp_path):
    result = CliRunner().invoke(app, ["rsna", "generate", str(tmp_path), "--frequencies", "rare"])
    assert result.exit_code == 2
    assert "'alike', 'rsna'" in result.output
