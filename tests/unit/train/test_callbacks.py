"""Callbacks of the user's own, MLflow among them."""

import sys

import keras
import pytest

from triage_node.errors import ModelError
from triage_node.train.fitting.callbacks import load_callback
from triage_node.train.fitting.mlflow_log import MlflowLog
from triage_node.train.fitting.settings import FitSettings

pytestmark = pytest.mark.slow


def test_a_callback_is_found_by_its_name():
    assert isinstance(load_callback("keras.callbacks:TerminateOnNaN"), keras.callbacks.TerminateOnNaN)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere.at_all:make", "no callback 'nowhere.at_all:make'"),
        ("keras.callbacks:Nothing", "no callback 'keras.callbacks:Nothing'"),
        ("keras", "no callback 'keras'"),
        ("builtins:dict", "makes a dict, no Keras callback"),
    ],
)
def test_what_is_no_callback_is_a_sentence(name, sentence):
    with pytest.raises(ModelError, match=sentence):
        load_callback(name)


def test_mlflow_gets_settings_and_curves_and_a_resumed_fit_its_run(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/runs.db")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    for epoch in range(2):
        log = MlflowLog("hemorrhage", tmp_path, FitSettings(seed=7))
        log.on_train_begin()
        log.on_epoch_end(epoch, {"val_loss": 0.5 - epoch / 10, "val_auc": float("nan")})
        log.on_train_end()
    client = mlflow.MlflowClient()
    [run] = client.search_runs([client.get_experiment_by_name("hemorrhage").experiment_id])
    assert run.data.params["seed"] == "7"
    assert [point.value for point in client.get_metric_history(run.info.run_id, "val_loss")] == [0.5, 0.4]
    assert "val_auc" not in run.data.metrics


def test_without_mlflow_it_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ModelError, match=r"triage-node\[mlflow\]"):
        MlflowLog("hemorrhage", tmp_path, FitSettings())
