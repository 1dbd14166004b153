"""Names and numbers of the architectures that are needed without loading Keras."""

LESION_MAP_LITE0 = "lesion-map-lite0"
ARCHITECTURES = (LESION_MAP_LITE0,)

# Pixels of the input per cell of the lesion map, in each direction.
MAP_STRIDE = 4
