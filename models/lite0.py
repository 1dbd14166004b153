"""EfficientNet-Lite0 as a feature pyramid, in pure Keras 3 operations.

Source: Tan and Le, EfficientNet (2019), and its *lite* form without squeeze-and-excitation and with ReLU6. Layers are
named so that the ImageNet checkpoint maps onto them by name (`triage_node.train.fitting.imagenet`).
"""

from dataclasses import dataclass

from triage_node.models.keras_setup import keras, layers

BATCH_NORM_EPSILON = 1e-3
# The Keras default of 0.99 lags behind in runs of a few thousand steps.
BATCH_NORM_MOMENTUM = 0.9


@dataclass(frozen=True)
class Stage:
    """A run of inverted residual blocks: count, kernel, stride of the first, expansion and filters."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    filters: int


STEM_FILTERS = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def batch_norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Normalize with the constants of the ImageNet checkpoint."""
    return layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=name)(x)


def _convolution(x: keras.KerasTensor, filters: int, name: str, kernel: int = 1, stride: int = 1) -> keras.KerasTensor:
    return layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=name)(x)


def _block(x: keras.KerasTensor, index: int, stage: Stage, stride: int) -> keras.KerasTensor:
    """One inverted residual: expand, depthwise, project, and the shortcut where shapes allow it."""
    name, shortcut = f"block{index}", x
    if stage.expansion > 1:
        x = _convolution(x, x.shape[-1] * stage.expansion, f"{name}_expand")
        x = layers.ReLU(6.0, name=f"{name}_expand_relu")(batch_norm(x, f"{name}_expand_bn"))
    x = layers.DepthwiseConv2D(stage.kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(batch_norm(x, f"{name}_depthwise_bn"))
    x = batch_norm(_convolution(x, stage.filters, f"{name}_project"), f"{name}_project_bn")
    if stride == 1 and shortcut.shape[-1] == stage.filters:
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def feature_pyramid(x: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return the features at strides 4, 8, 16 and 32 of an image ``(batch, rows, columns, channels)``."""
    x = _convolution(x, STEM_FILTERS, "stem", kernel=3, stride=2)
    x = layers.ReLU(6.0, name="stem_relu")(batch_norm(x, "stem_bn"))
    index, pyramid = 0, []
    for stage, following in zip(STAGES, (*STAGES[1:], None), strict=True):
        for position in range(stage.blocks):
            x = _block(x, index, stage, stage.stride if position == 0 else 1)
            index += 1
        if following is None or following.stride == 2:
            pyramid.append(x)
    return pyramid[1:]
