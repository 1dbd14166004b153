import cv2
import keras
import numpy as np
import pytest

from triage_node.findings import LABELS, Label
from triage_node.models.explanation.grad_cam import explain_slice
from triage_node.models.explanation.picture import explain

pytestmark = pytest.mark.slow


def test_the_heat_lies_on_the_hemorrhage(model, head):
    volume, plain = head("intraparenchymal"), head()
    found = explain(model, volume, model.predict(volume))
    blood = np.flatnonzero((np.abs(volume.hu - plain.hu) > 15).any(axis=(1, 2)))
    assert found.label in {Label.INTRAPARENCHYMAL, Label.INTRAVENTRICULAR}
    assert len(blood)
    picture = cv2.imdecode(np.frombuffer(found.png(), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == found.pixels.shape
    colored = np.ptp(found.pixels.astype(int), axis=2) > 30
    rows, columns = np.nonzero(colored)
    geometry = model.manifest.geometry
    middle = geometry.columns * 4 * 1.5  # the marked half stands on the right
    assert columns.min() > geometry.columns * 4, "the bare slice has no color"
    assert columns.mean() > middle, "the simple head bleeds on the patient's left"
    assert 0 < rows.mean() < geometry.rows * 4


def test_the_map_is_shown_as_it_is(model, seed):
    geometry = model.manifest.geometry
    rng = np.random.default_rng(seed)
    image = rng.uniform(-1, 1, (geometry.rows, geometry.columns, model.manifest.channels)).astype(np.float32)
    heat, probability = explain_slice(model.network, image, LABELS.index(Label.SUBDURAL))
    assert heat.shape == probability.shape == (geometry.rows // 4, geometry.columns // 4)
    assert 0 <= heat.min() <= heat.max() <= 1
    logits = keras.ops.convert_to_numpy(model.network(image[None], training=False)["map"])[0, ..., 4]
    assert probability == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-4)
