import numpy as np
import pytest

from triage_node.errors import ModelError
from triage_node.findings import Label
from triage_node.models.architecture import Architecture, build_network
from triage_node.models.preprocessing import Geometry
from triage_node.models.weights_file import read_weights
from triage_node.train.fitting.fit import fit, freeze_blocks
from triage_node.train.fitting.losses import map_loss, weighted_log_loss
from triage_node.train.fitting.settings import LAST_FILE, WEIGHTS_FILE, FitSettings
from triage_node.train.shards import record_study, write_shard


def test_the_log_loss_counts_any_twice_and_never_overflows():
    targets = np.zeros((2, 6), np.float32)
    assert np.allclose(weighted_log_loss(targets, np.zeros((2, 6), np.float32)), np.log(2))
    wrong = np.zeros((1, 6), np.float32)
    wrong[0, 5] = 1000
    assert np.allclose(weighted_log_loss(targets[:1], wrong), (5 * np.log(2) + 2000) / 7)
    assert map_loss(np.zeros((2, 3, 3, 6)), np.zeros((2, 3, 3, 6), np.float32)).shape == (2,)


def test_a_folder_without_shards_is_named(tmp_path):
    with pytest.raises(ModelError, match="holds no shards"):
        fit(tmp_path, tmp_path / "run", FitSettings())


@pytest.mark.slow
def test_the_first_blocks_stay_as_they_are_when_asked_to():
    network = build_network(Architecture(96, 64, 4, 16))
    every = {variable.path for variable in network.trainable_variables}
    freeze_blocks(network, 0)
    assert {variable.path for variable in network.trainable_variables} == every
    freeze_blocks(network, 2)
    frozen = {path for path in every if path.startswith(("stem", "block0_", "block1_"))}
    assert {variable.path for variable in network.trainable_variables} == every - frozen
    assert len(frozen) > 10


@pytest.mark.slow
def test_shards_of_another_pixel_size_are_refused(make_study, tmp_path):
    made, wanted = Geometry(mm_per_pixel=2.5, rows=96, columns=64), Geometry(mm_per_pixel=2.6, rows=96, columns=64)
    write_shard(tmp_path / "shard-00000000.npz", [record_study(make_study(1), made, 1)], made)
    with pytest.raises(
        ModelError, match=r"shard-00000000\.npz is made of 96 x 64 pixels of 2\.5 mm .* reads .* 2\.6 mm"
    ):
        fit(tmp_path, tmp_path / "run", FitSettings(geometry=wanted))


@pytest.mark.slow
def test_a_few_steps_reduce_the_loss(make_study, tmp_path):
    geometry = Geometry(mm_per_pixel=2.5, rows=96, columns=64)
    records = [record_study(make_study(3, Label.EPIDURAL), geometry, 3), record_study(make_study(1), geometry, 1)]
    write_shard(tmp_path / "shard-00000000.npz", records, geometry)
    settings = FitSettings(steps=24, batch=8, epoch=6, warm_up=2, imagenet=False, geometry=geometry, decoder_filters=16)
    history = fit(tmp_path, tmp_path / "run", settings).history
    assert history["loss"][-1] < 0.8 * history["loss"][0], history
    assert 1 >= history["active"][-1] > history["active"][0] > 0, history
    averaged, last = (read_weights(tmp_path / "run" / name) for name in (WEIGHTS_FILE, LAST_FILE))
    assert len(averaged) > 200
    assert averaged.keys() == last.keys()
    assert any(np.abs(averaged[name] - last[name]).max() > 1e-4 for name in last)
    means = [array for name, array in last.items() if name.endswith("moving_mean")]
    assert all(np.abs(mean).max() > 0 for mean in means), "the statistics follow the weights"
