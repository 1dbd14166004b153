"""Hide what the extras bring, as where a node is installed alone: TensorFlow would load it in a third of its time.

Under libfaketime `time.sleep` raises, as that refuses clock_nanosleep(2) until an absolute time: another call sleeps.
"""

import os
import select
import sys
import time

HIDDEN = {"fsspec", "jax", "matplotlib", "pandas", "pyarrow", "ray", "sklearn"} - {os.environ.get("KERAS_BACKEND")}
if "TRIAGE_OTEL_ENDPOINT" not in os.environ:
    HIDDEN |= {"opentelemetry.exporter", "opentelemetry.sdk"}

sys.modules.update(dict.fromkeys(HIDDEN))
if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    time.sleep = lambda seconds: select.select((), (), (), seconds) and None
