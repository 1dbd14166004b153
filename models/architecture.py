"""The network: a slice encoder, a lesion map per label, and slice scores that are read off the map."""

from dataclasses import dataclass

from triage_node.errors import ModelError
from triage_node.findings import LABELS
from triage_node.models.architecture_constants import LESION_MAP_LITE0, MAP_STRIDE
from triage_node.models.backbones import BACKBONES, backbone_pyramid
from triage_node.models.keras_setup import keras, layers, ops
from triage_node.models.lite0 import batch_norm, feature_pyramid

# Cells of the map (about 4 mm wide) that speak for a slice: a small bleed fills a few, a broad one many.
POOLED_CELLS = (4, 24)
# Cells of the map of a frame that shows the same head, for which these counts were chosen.
COUNTED_OF_CELLS = 48 * 40
# A slice without hemorrhage is the rule, so the map starts out saying no.
PRIOR_LOGIT = -4.0


@dataclass(frozen=True)
class Architecture:
    """What has to be known to build the network.

    Attributes
    ----------
    rows, columns
        Size of the input in pixels, both divisible by 32.
    channels
        Channels of the input, see `triage_node.models.windows`.
    decoder_filters
        Width of the decoder that carries features up to the map.
    name
        One of `ARCHITECTURES`: which encoder it has.
    """

    rows: int = 192
    columns: int = 160
    channels: int = 5
    decoder_filters: int = 48
    name: str = LESION_MAP_LITE0

    def __post_init__(self) -> None:
        if self.rows % 32 or self.columns % 32:
            raise ValueError(f"rows and columns must be divisible by 32, got {self.rows} x {self.columns}")
        if self.name != LESION_MAP_LITE0 and self.name not in BACKBONES:
            known = ", ".join((LESION_MAP_LITE0, *BACKBONES))
            raise ModelError(f"The architecture {self.name!r} is not one of {known}.")

    @property
    def pooled_cells(self) -> tuple[int, ...]:
        """Return how many cells speak for a slice: of finer maps as many more, so that they cover the same area.

        Lite0 keeps its counts in every frame, as the models that were fitted with it have.
        """
        if self.name == LESION_MAP_LITE0:
            return POOLED_CELLS
        share = (self.rows // MAP_STRIDE) * (self.columns // MAP_STRIDE) / COUNTED_OF_CELLS
        return tuple(max(1, round(count * share)) for count in POOLED_CELLS)


@keras.saving.register_keras_serializable("triage_node")
class TopCells(layers.Layer):
    """Mean of the highest cells of each map, for several counts of cells, weighted per label.

    A maximum would follow single noisy cells; a mean over the slice would drown a small bleed.
    """

    def __init__(self, counts: tuple[int, ...] = POOLED_CELLS, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.counts = tuple(counts)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create one weight per count and label, and one bias per label."""
        labels = input_shape[-1]
        initial = keras.initializers.Constant(1.0 / len(self.counts))
        self.kernel = self.add_weight(shape=(len(self.counts), labels), initializer=initial, name="kernel")
        self.bias = self.add_weight(shape=(labels,), initializer="zeros", name="bias")

    def call(self, maps: keras.KerasTensor) -> keras.KerasTensor:
        """Return ``(batch, labels)`` logits from ``(batch, rows, columns, labels)`` map logits."""
        rows, columns, labels = maps.shape[1:]
        cells = ops.transpose(ops.reshape(maps, (-1, rows * columns, labels)), (0, 2, 1))
        highest, _ = ops.top_k(cells, max(self.counts))
        means = [ops.mean(highest[:, :, :count], axis=-1) for count in self.counts]
        return sum(self.kernel[index] * mean for index, mean in enumerate(means)) + self.bias

    def get_config(self) -> dict[str, object]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "counts": self.counts}


def _lateral(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(batch_norm(x, f"{name}_bn"))


def _smooth(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = layers.SeparableConv2D(x.shape[-1], 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(batch_norm(x, f"{name}_bn"))


def _decode(pyramid: list[keras.KerasTensor], filters: int) -> keras.KerasTensor:
    """Carry the coarse features up to the stride of the map, adding the finer ones on the way."""
    x = _lateral(pyramid[-1], filters, "lateral32")
    for features, stride in zip(reversed(pyramid[:-1]), (16, 8, 4), strict=True):
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"up{stride}")(x)
        x = layers.Add(name=f"merge{stride}")([x, _lateral(features, filters, f"lateral{stride}")])
        x = _smooth(x, f"smooth{stride}")
    return x


def build_network(architecture: Architecture) -> keras.Model:
    """Return the network from slices to map and slice logits.

    Input ``(batch, rows, columns, channels) float32``, about [-1, 1]. Outputs: ``map`` ``(batch, rows / 4,
    columns / 4, 6)`` and ``slice`` ``(batch, 6)``, both logits in the order of `LABELS`.
    """
    inputs = keras.Input((architecture.rows, architecture.columns, architecture.channels), name="slices")
    is_lite0 = architecture.name == LESION_MAP_LITE0
    pyramid = feature_pyramid(inputs) if is_lite0 else backbone_pyramid(architecture.name, inputs)
    decoded = _decode(pyramid, architecture.decoder_filters)
    bias = keras.initializers.Constant(PRIOR_LOGIT)
    maps = layers.Conv2D(len(LABELS), 1, bias_initializer=bias, dtype="float32", name="map")(decoded)
    scores = TopCells(architecture.pooled_cells, dtype="float32", name="slice")(maps)
    return keras.Model(inputs, {"map": maps, "slice": scores}, name=architecture.name.replace("-", "_"))
