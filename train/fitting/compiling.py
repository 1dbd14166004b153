"""Make a network ready to be fitted: losses, optimizer, and everything that its first step would have to make."""

import numpy as np

from triage_node.models import keras
from triage_node.train.fitting.losses import LOSS_WEIGHTS, LOSSES


def compile_network(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Attach the losses and an optimizer; XLA is for JAX only, on TensorFlow it is slow on CPUs.

    TensorFlow traces a step twice when it makes variables, so those of the optimizer and the losses are made before.
    """
    network.compile(optimizer, loss=LOSSES, loss_weights=LOSS_WEIGHTS, jit_compile=keras.backend.backend() == "jax")
    optimizer.build(network.trainable_variables)
    shapes = {name: output.shape[1:] for name, output in zip(network.output_names, network.outputs, strict=True)}
    nothing = {name: np.zeros((1, *shape), np.float32) for name, shape in shapes.items()}
    network.compute_loss(y=nothing, y_pred=nothing)
    network.reset_metrics()
