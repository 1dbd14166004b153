"""Encoders of Keras Applications as feature pyramids, by the name of their architecture.

Their layers keep the names of Keras Applications, so that its ImageNet weights map onto them by name
(`triage_node.train.fitting.applications`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from triage_node.models.keras_setup import keras, layers
from triage_node.models.lite0 import BATCH_NORM_MOMENTUM

applications = keras.applications


def _outputs(*names: str) -> Callable[[keras.Model], list[keras.KerasTensor]]:
    return lambda model: [model.get_layer(name).output for name in names]


def _before_downsampling(model: keras.Model) -> list[keras.KerasTensor]:
    """Return the ends of the stages of a ConvNeXt, whose last layers have no names of their own."""
    after = [model.get_layer(f"{model.name}_downsampling_block_{stage}") for stage in range(3)]
    return [layer.input for layer in (*after, model.layers[-1])]


@dataclass(frozen=True)
class Backbone:
    """An encoder.

    Attributes
    ----------
    build
        Its function in Keras Applications.
    pyramid
        From the built model to its features at strides 4, 8, 16 and 32.
    weights_file
        Under which name Keras Applications publishes its ImageNet weights without the classifier.
    scale, offset
        From an input in [-1, 1] to what those weights were fitted on, for a gray picture.
    options
        Further arguments of `build`.

    Source: Tan and Le, EfficientNetV2 (2021); Liu et al., A ConvNet for the 2020s (2022); He et al., Deep Residual
    Learning for Image Recognition (2016).
    """

    build: Callable[..., keras.Model]
    pyramid: Callable[[keras.Model], list[keras.KerasTensor]]
    weights_file: str
    scale: float = 1.0
    offset: float = 0.0
    options: dict[str, Any] = field(default_factory=lambda: {"include_preprocessing": False})

    def without_top(self, weights: str | None = None, tensor: keras.KerasTensor | None = None) -> keras.Model:
        """Return the network without its classifier; of three channels where no input is given."""
        return self.build(include_top=False, weights=weights, input_tensor=tensor, **self.options)


# ImageNet's mean and deviation over colors, as shares of 255; ResNet-50 takes 0 to 255 less its mean.
MEAN, DEVIATION = 0.449, 0.226
CONVNEXT_SCALE, CONVNEXT_OFFSET = 0.5 / DEVIATION, (0.5 - MEAN) / DEVIATION
BACKBONES = {
    "lesion-map-efficientnetv2-s": Backbone(
        applications.EfficientNetV2S,
        _outputs("block2d_add", "block3d_add", "block5i_add", "block6o_add"),
        "efficientnetv2-s_notop.h5",
    ),
    "lesion-map-efficientnetv2-m": Backbone(
        applications.EfficientNetV2M,
        _outputs("block2e_add", "block3e_add", "block5n_add", "block7e_add"),
        "efficientnetv2-m_notop.h5",
    ),
    "lesion-map-convnext-t": Backbone(
        applications.ConvNeXtTiny, _before_downsampling, "convnext_tiny_notop.h5", CONVNEXT_SCALE, CONVNEXT_OFFSET
    ),
    "lesion-map-convnext-s": Backbone(
        applications.ConvNeXtSmall, _before_downsampling, "convnext_small_notop.h5", CONVNEXT_SCALE, CONVNEXT_OFFSET
    ),
    "lesion-map-resnet50": Backbone(
        applications.ResNet50,
        _outputs("conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"),
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        scale=127.5,
        offset=127.5 - MEAN * 255,
        options={},
    ),
}


def backbone_pyramid(name: str, x: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return the features at strides 4, 8, 16 and 32 of an image ``(batch, rows, columns, channels)`` in [-1, 1]."""
    backbone = BACKBONES[name]
    model = backbone.without_top(tensor=layers.Rescaling(backbone.scale, backbone.offset, name="encoder_scale")(x))
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    return backbone.pyramid(model)
