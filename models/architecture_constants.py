"""Names and numbers of the architectures that are needed without loading Keras."""

LESION_MAP_LITE0 = "lesion-map-lite0"
ARCHITECTURES = (
    LESION_MAP_LITE0,
    "lesion-map-efficientnetv2-s",
    "lesion-map-efficientnetv2-m",
    "lesion-map-convnext-t",
    "lesion-map-convnext-s",
    "lesion-map-resnet50",
)
"""What a recipe and a manifest can name: an encoder each, all with the same decoder, map and slice scores."""

# Pixels of the input per cell of the lesion map, in each direction.
MAP_STRIDE = 4
