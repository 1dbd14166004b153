"""Numbers of the architecture that data preparation needs without loading Keras."""

# Pixels of the input per cell of the lesion map, in each direction.
MAP_STRIDE = 4
