"""Hide what the extras bring, as where a node is installed alone: TensorFlow would load it in a third of its time."""

import os
import sys

HIDDEN = {"jax", "matplotlib", "pandas", "pyarrow", "sklearn"} - {os.environ.get("KERAS_BACKEND")}

sys.modules.update(dict.fromkeys(HIDDEN))
