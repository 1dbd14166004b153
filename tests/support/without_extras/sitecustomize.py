"""Hide what the extras bring, as where a node is installed alone: TensorFlow would load it in a third of its time.

Under libfaketime `time.sleep` raises, as that refuses clock_nanosleep(2) until an absolute time: another call sleeps.
"""

import os
import select
import sys
import time

HIDDEN = {"boto3", "botocore", "fsspec", "jax", "matplotlib", "pandas", "pyarrow", "ray", "sklearn"}
if "TRIAGE_OTEL_ENDPOINT" not in os.environ:
    HIDDEN |= {"opentelemetry.exporter", "opentelemetry.sdk"}
WANTED = {os.environ.get("KERAS_BACKEND"), *os.environ.get("TRIAGE_TEST_EXTRAS", "").split()}

sys.modules.update(dict.fromkeys(HIDDEN - WANTED))
if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    time.sleep = lambda seconds: select.select((), (), (), seconds) and None
